"""What the calendar does, as sets of rows; each set is bounded, the next tick takes the rest."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.referral import Referral, State
from services.referrals.store import SQL, Row


def take_lapsed(
    tx: Transaction, *, today: date, limit: int, person_refs: Sequence[UUID] | None = None
) -> list[tuple[Referral, bool]]:
    """Let referrals lapse that nobody answered in time; each with whether it was a walk-in."""
    values = {
        "today": today,
        "limit": limit,
        "person_refs": None if person_refs is None else list(person_refs),
    }
    rows = tx.execute(SQL["take_lapsed"], values).fetchall()
    walk_ins = [row.pop("walk_in") for row in rows]
    found = [Referral(**row | {"state": State(row["state"])}) for row in rows]
    return list(zip(found, walk_ins, strict=True))


def add_calendar_steps(tx: Transaction, step: str, made: Sequence[tuple[UUID, datetime]]) -> None:
    """Write the history of referrals on by a step that nobody made."""
    if made:
        referral_ids, instants = zip(*made, strict=True)
        values = {"step": step, "referral_ids": list(referral_ids), "instants": list(instants)}
        tx.execute(SQL["add_calendar_steps"], values)


def list_ended(tx: Transaction, *, today: date, limit: int) -> list[UUID]:
    """List people whose entitlement is over and was not ended yet."""
    rows = tx.execute(SQL["list_ended"], {"today": today, "limit": limit})
    return [row["person_ref"] for row in rows]


def end_entitlements(
    tx: Transaction, person_refs: Sequence[UUID], *, today: date, now: datetime
) -> list[Row]:
    """End what is still over of these people, who are locked; return each with its referral."""
    values = {"person_refs": list(person_refs), "today": today, "now": now}
    return tx.execute(SQL["end_entitlements"], values).fetchall()


def take_to_remind(
    tx: Transaction, *, today: date, horizon: date, now: datetime, limit: int
) -> list[Row]:
    """Note that a reminder goes out for entitlements that end soon; return referral and address."""
    values = {"today": today, "horizon": horizon, "now": now, "limit": limit}
    return tx.execute(SQL["take_to_remind"], values).fetchall()


def count_overdue(tx: Transaction, *, today: date, answer_before: datetime) -> dict[str, int]:
    """Count, by site, the referrals that it should have answered by now."""
    values = {"today": today, "answer_before": answer_before}
    return {row["site_code"]: row["overdue"] for row in tx.execute(SQL["count_overdue"], values)}
