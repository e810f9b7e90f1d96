"""The referrals service: its doors, and which facts it hears."""

from chassis import clock
from chassis.consume import consume
from chassis.db import Transaction
from chassis.ids import new_id
from chassis.mail import Postman
from chassis.service import Service
from kernel.envelope import Envelope
from services.referrals.doors.clocks import Clocks
from services.referrals.doors.correcting import CorrectingDoors
from services.referrals.doors.counting import CountingDoors
from services.referrals.doors.criteria import CriterionDoors
from services.referrals.doors.expecting import ExpectingDoors
from services.referrals.doors.finding import FindingDoors
from services.referrals.doors.people import PersonDoors
from services.referrals.doors.referrals import ReferralDoors
from services.referrals.doors.rights import RightsDoors
from services.referrals.doors.slips import SlipDoors
from services.referrals.doors.standard import StandardDoors
from services.referrals.doors.structures import StructureDoors
from services.referrals.doors.walk_ins import WalkInDoors
from services.referrals.doors.workers import WorkerDoors
from services.referrals.handlers import learning
from services.referrals.web.desk import DeskPages
from services.referrals.web.referrer import ReferrerPages
from services.referrals.web.steering import SteeringPages


class Referrals(
    Clocks,
    CorrectingDoors,
    CountingDoors,
    CriterionDoors,
    ExpectingDoors,
    FindingDoors,
    PersonDoors,
    ReferralDoors,
    RightsDoors,
    SlipDoors,
    StandardDoors,
    StructureDoors,
    WalkInDoors,
    WorkerDoors,
    DeskPages,
    ReferrerPages,
    SteeringPages,
    Postman,
    Service,
):
    """Who is sent to a reception point, by whom, and what they may buy there."""

    name = "referrals"

    @consume("accounts.site.opened.v1")
    def on_site_opened(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Know the sites that people can be sent to."""
        learning.learn_sites(tx, facts)

    @consume(
        "accounts.user.changed.v1",
        "accounts.user.created.v1",
        "accounts.user.disabled.v1",
        "accounts.user.enabled.v1",
    )
    def on_user_told(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Know who signs in, to tell who may refer people."""
        learning.learn_users(tx, facts)

    @consume("recharges.sale.completed.v1")
    def on_sale_completed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Let referrers know of the first visit."""
        learning.note_visits(tx, facts, now=clock.now(), new_id=new_id)


SERVICE = Referrals
