"""Changes of stock as they are recorded: who, when, which vouchers, why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from services.recharges.domain.stock import Lot
from services.recharges.store import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does what now, and why; nobody when the clock does."""

    at: datetime
    by: UUID | None
    new_id: Callable[[], UUID]
    why: str = ""
    transfer_id: UUID | None = None


def record(tx: Transaction, what: str, lots: Sequence[Lot], *, act: Act) -> int:
    """Record what was done to what is left of these lots; return how many vouchers."""
    if not lots:
        return 0
    tx.execute(
        SQL["record_moves"],
        {
            "moved_at": act.at,
            "moved_by": act.by,
            "what": what,
            "why": act.why,
            "transfer_id": act.transfer_id,
            "move_ids": column(act.new_id() for _ in lots),
            "batch_ids": column(lot.batch_id for lot in lots),
            "site_codes": column(lot.site_code for lot in lots),
            "offer_codes": column(lot.offer_code for lot in lots),
            "firsts": column(lot.next_position for lot in lots),
            "ends": column(lot.end_position for lot in lots),
        },
    )
    return sum(lot.left for lot in lots)
