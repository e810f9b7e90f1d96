"""The entry points of recharges: its doors, and which facts it hears."""

from chassis.consume import consume
from chassis.db import Transaction
from chassis.service import Service
from kernel.envelope import Envelope
from services.recharges import events
from services.recharges.doors.selling import SellingDoors
from services.recharges.doors.stock import StockDoors
from services.recharges.handlers import learning as handlers


class Recharges(SellingDoors, StockDoors, Service):
    """Sells recharges."""

    name = "recharges"

    @consume(events.SiteOpened.TYPE)
    def on_site_opened(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn where vouchers may be delivered."""
        handlers.learn_sites(tx, [events.SiteOpened.hear(fact) for fact in facts])

    @consume(events.DeviceEnrolled.TYPE, events.DeviceRevoked.TYPE)
    def on_device_changed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn which tills may sell."""
        kinds = {kind.TYPE: kind for kind in (events.DeviceEnrolled, events.DeviceRevoked)}
        handlers.learn_tills(tx, [(kinds[fact.type].hear(fact), fact.sequence) for fact in facts])

    @consume(events.EntitlementTold.TYPE, "referrals.entitlement.renewed.v1")
    def on_entitlement_told(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn who may buy, until when and up to which cap."""
        handlers.learn_entitlements(
            tx, [(events.EntitlementTold.hear(fact), fact.sequence) for fact in facts]
        )


SERVICE = Recharges
