"""Refunds as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from kernel.money import Cents
from services.recharges.domain.cap import Counts
from services.recharges.domain.refund import RefundUnknown, State, Taken
from services.recharges.store import SQL
from services.recharges.store import selling as sales


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A refund whose money is to go back by card."""

    refund_id: UUID
    intent_id: str
    amount_cents: Cents
    vouchers: str


def of_sale(tx: Transaction, sale_id: UUID) -> list[dict[str, Any]]:
    """Read the refunds of a sale, with the serials that each is about."""
    return tx.execute(SQL["refunds_of_sale"], {"sale_id": sale_id}).fetchall()


def serials_going_back(tx: Transaction, sale_id: UUID) -> frozenset[str]:
    """Read which vouchers of a sale were given back, or are about to be."""
    rows = tx.execute(SQL["serials_going_back"], {"sale_id": sale_id})
    return frozenset(row["serial"] for row in rows)


def taken(tx: Transaction, sale_id: UUID) -> list[Taken]:
    """Read the vouchers of a sale as they were sold."""
    lines, vouchers = sales.find_contents(tx, [sale_id])
    line_of = {line["line_no"]: line for line in lines[sale_id]}
    return [
        Taken(
            batch_id=each["batch_id"],
            position=each["position"],
            taking=each["taking"],
            serial=each["serial"],
            operator=each["operator"],
            offer_code=line_of[each["line_no"]]["offer_code"],
            line_no=each["line_no"],
            price_cents=line_of[each["line_no"]]["price_cents"],
            face_value_cents=line_of[each["line_no"]]["face_value_cents"],
        )
        for each in vouchers[sale_id]
    ]


def add(tx: Transaction, refund: dict[str, Any], chosen: Sequence[Taken]) -> None:
    """Keep a refund and the vouchers it is about: each of them once, unless it was denied."""
    tx.execute(SQL["add_refund"], refund)
    tx.execute(
        SQL["add_refund_vouchers"],
        {
            "refund_id": refund["refund_id"],
            "batch_ids": column(each.batch_id for each in chosen),
            "positions": column(each.position for each in chosen),
            "takings": column(each.taking for each in chosen),
        },
    )


def lock(tx: Transaction, refund_id: UUID) -> dict[str, Any]:
    """Lock a refund, or raise RefundUnknown."""
    row = tx.execute(SQL["lock_refund"], {"refund_id": refund_id}).fetchone()
    if row is None:
        raise RefundUnknown(refund_id=refund_id)
    return row


def find_person(tx: Transaction, refund_id: UUID) -> UUID:
    """Return who bought what goes back, or raise RefundUnknown."""
    row = tx.execute(SQL["person_of_refund"], {"refund_id": refund_id}).fetchone()
    if row is None:
        raise RefundUnknown(refund_id=refund_id)
    person_ref: UUID = row["person_ref"]
    return person_ref


def places(tx: Transaction, refund_id: UUID) -> list[dict[str, Any]]:
    """Read which vouchers a refund is about."""
    return tx.execute(SQL["places_of_refund"], {"refund_id": refund_id}).fetchall()


def answer(
    tx: Transaction,
    refund_id: UUID,
    *,
    state: State,
    why: str,
    now: datetime,
    by: UUID | None,
    look_at: datetime | None,
) -> None:
    """Keep what was answered; vouchers of a refund that is denied may be asked for again."""
    tx.execute(
        SQL["answer_refund"],
        {
            "refund_id": refund_id,
            "state": state,
            "answer": why,
            "answered_at": now,
            "answered_by": by,
            "look_at": look_at,
        },
    )
    if state is State.DENIED:
        tx.execute(SQL["deny_vouchers"], {"refund_id": refund_id})


def finish(tx: Transaction, done: dict[str, Any]) -> None:
    """Say that the money went back, and by which ticket."""
    tx.execute(SQL["finish_refund"], done)


def add_cash(tx: Transaction, line: dict[str, Any]) -> None:
    """Take the money out of a drawer."""
    tx.execute(SQL["add_refund_cash"], line)


def put_off(tx: Transaction, refund_id: UUID, *, look_at: datetime) -> None:
    """Say when to ask Stripe again."""
    tx.execute(SQL["put_refund_off"], {"refund_id": refund_id, "look_at": look_at})


def due(tx: Transaction, *, now: datetime, limit: int) -> list[Due]:
    """Find the refunds whose money is to go back by card now."""
    return [Due(**row) for row in tx.execute(SQL["refunds_due"], {"now": now, "limit": limit})]


def counts_on(tx: Transaction, on: date) -> Counts:
    """Read what the cap counted on a day."""
    row = tx.execute(SQL["cap_counts_on"], {"on": on}).fetchone()
    return Counts.PRICE if row is None else Counts(row["value"])


def find(
    tx: Transaction,
    *,
    refund_id: UUID | None = None,
    site_codes: Sequence[str] | None = None,
    operator: str | None = None,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = 1,
) -> list[dict[str, Any]]:
    """Read refunds: one, or those of some sites or of an operator's vouchers."""
    return tx.execute(
        SQL["list_refunds"],
        {
            "refund_id": refund_id,
            "site_codes": None if site_codes is None else list(site_codes),
            "operator": operator,
            "state": state,
            "after": after,
            "limit": limit,
        },
    ).fetchall()
