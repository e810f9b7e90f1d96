"""The entry points of recharges: its doors, and which facts it hears."""

from chassis import clock
from chassis.aliases import KnowsPeople
from chassis.consume import consume
from chassis.db import Transaction
from chassis.personal import PersonalData
from chassis.service import Service
from kernel.envelope import Envelope
from services.recharges import events
from services.recharges.doors.archives import ArchiveDoors
from services.recharges.doors.cards import CardDoors
from services.recharges.doors.closings import ClosingDoors
from services.recharges.doors.drawers import DrawerDoors
from services.recharges.doors.leases import LeaseDoors
from services.recharges.doors.listing import ListingDoors
from services.recharges.doors.pens import pen_of_the_clock
from services.recharges.doors.prints import PrintDoors
from services.recharges.doors.refunds import RefundDoors
from services.recharges.doors.selling import SellingDoors
from services.recharges.doors.stock import StockDoors
from services.recharges.doors.tickets import TicketDoors
from services.recharges.doors.transfers import TransferDoors
from services.recharges.handlers import learning as handlers
from services.recharges.handlers import leases
from services.recharges.web.drawers import DrawerPages
from services.recharges.web.offline import OfflinePages
from services.recharges.web.stock import StockPages
from services.recharges.web.till import TillPages
from services.recharges.web.tills import SteeredTillPages
from services.recharges.web.visits import VisitPages


class Recharges(
    ArchiveDoors,
    CardDoors,
    ClosingDoors,
    DrawerDoors,
    LeaseDoors,
    ListingDoors,
    PrintDoors,
    RefundDoors,
    SellingDoors,
    StockDoors,
    TicketDoors,
    TransferDoors,
    DrawerPages,
    OfflinePages,
    StockPages,
    SteeredTillPages,
    TillPages,
    VisitPages,
    KnowsPeople,
    PersonalData,
    Service,
):
    """Sells recharges."""

    name = "recharges"

    @consume(events.SiteOpened.TYPE)
    def on_site_opened(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn where vouchers may be delivered."""
        handlers.learn_sites(tx, [events.SiteOpened.hear(fact) for fact in facts])

    @consume(events.DeviceEnrolled.TYPE, events.DeviceRevoked.TYPE)
    def on_device_changed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn which tills may sell; their journals say so.

        What a withdrawn device had leased is frozen.
        """
        kinds = {kind.TYPE: kind for kind in (events.DeviceEnrolled, events.DeviceRevoked)}
        heard = [(kinds[fact.type].hear(fact), fact) for fact in facts]
        handlers.learn_tills(tx, [(told, fact.sequence) for told, fact in heard])
        lost = [
            (told.till_id, told.device_id, fact.time)
            for told, fact in heard
            if isinstance(told, events.DeviceRevoked)
        ]
        enrolled = [
            (told.till_id, told.device_id)
            for told, _ in heard
            if isinstance(told, events.DeviceEnrolled)
        ]
        pen = pen_of_the_clock(clock.now())
        leases.note_enrolled(tx, enrolled, pen=pen)
        if lost:
            leases.revoke_devices(tx, lost, pen=pen)

    @consume(
        events.EntitlementTold.TYPE,
        "referrals.entitlement.renewed.v1",
        "referrals.entitlement.shortened.v1",
    )
    def on_entitlement_told(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn who may buy, until when and up to which cap."""
        handlers.learn_entitlements(
            tx, [(events.EntitlementTold.hear(fact), fact.sequence) for fact in facts]
        )


SERVICE = Recharges
