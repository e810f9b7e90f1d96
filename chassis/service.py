"""What every service's nameko class derives from."""

from typing import ClassVar

from chassis import revocations
from chassis.consume import consume
from chassis.db import Transaction
from chassis.relay import RelayProvider
from chassis.resources import WatchProvider
from chassis.revocations import AccessEnded
from chassis.upkeep import Upkeep
from kernel.envelope import Envelope


class Base(Upkeep):
    """A service publishes its outbox, refuses those whose access ended, and shows what waits."""

    name: ClassVar[str]

    relay = RelayProvider()
    watch = WatchProvider()


class Service(Base):
    """A service that hears from accounts whose access has ended; accounts itself knows."""

    @consume(AccessEnded.TYPE)
    def on_access_ended(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Refuse the tokens that were issued before, at every door of this service."""
        revocations.keep(tx, [AccessEnded.hear(fact) for fact in facts])
