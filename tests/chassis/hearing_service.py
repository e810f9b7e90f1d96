"""The hearer of these tests as a nameko service, under the name of a real one."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

from nameko.extensions import DependencyProvider

from chassis import topology
from chassis.consume import consume
from chassis.db import Transaction
from chassis.service import Base
from chassis.timer import every
from kernel.envelope import Envelope
from tests.chassis import hearing

topology.SUBSCRIPTIONS = Path(os.environ["TEST_SUBSCRIPTIONS"])


class Ledger(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Something injected, to see that it is."""

    def get_dependency(self, worker_ctx: Any) -> str:
        """Return what the method finds under its attribute."""
        return "injected"


class Settlement(Base):
    """Hears sales; its timer leaves a mark."""

    name = "settlement"
    ledger = Ledger()

    @consume("recharges.sale.completed.v1", "recharges.stock.low.v1", batch_max=40)
    def on_sale(self, tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        """Obey each fact."""
        assert self.ledger == "injected"
        return hearing.handle(tx, facts)

    @every(0.3)
    def tick(self, tx: Transaction) -> None:
        """Leave a mark, with the process that left it."""
        tx.execute("INSERT INTO tick (pid) VALUES (%s)", (os.getpid(),))


SERVICE = Settlement
