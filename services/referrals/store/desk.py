"""What pages show beside what programs ask for, as rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.store import SQL, Row


def list_waiting(tx: Transaction, site_code: str, *, today: date, limit: int) -> list[Row]:
    """List what a site has yet to answer, and entries that wait for a referrer."""
    values = {"site_code": site_code, "today": today, "limit": limit}
    return tx.execute(SQL["list_waiting_at"], values).fetchall()


def count_newer(tx: Transaction, site_code: str, *, after: UUID | None, today: date) -> int:
    """Count what waits at a site and came after a referral."""
    values = {"site_code": site_code, "after": after, "today": today}
    row = tx.execute(SQL["count_newer"], values).fetchone()
    return 0 if row is None else int(row["newer"])


def list_answered(tx: Transaction, site_code: str, *, since: datetime, limit: int) -> list[Row]:
    """List what a site has answered since an instant, the latest first."""
    values = {"site_code": site_code, "since": since, "limit": limit}
    return tx.execute(SQL["list_answered_since"], values).fetchall()


def find_particulars(tx: Transaction, referral_id: UUID) -> Row | None:
    """Find what a desk reads of a referral besides its steps."""
    return tx.execute(SQL["get_particulars"], {"referral_id": referral_id}).fetchone()


def list_referrals_of(
    tx: Transaction,
    person_refs: Sequence[UUID],
    *,
    site_codes: Sequence[str] | None,
    limit: int,
) -> list[Row]:
    """List the referrals of a person to some sites or all, the newest first."""
    values = {"person_refs": list(person_refs), "site_codes": site_codes, "limit": limit}
    return tx.execute(SQL["list_referrals_of"], values).fetchall()


def list_merges(tx: Transaction, person_refs: Sequence[UUID]) -> list[Row]:
    """List who is merged into a person, the latest first."""
    return tx.execute(SQL["list_merges_into"], {"person_refs": list(person_refs)}).fetchall()


def list_steps(tx: Transaction, referral_ids: Sequence[UUID]) -> Mapping[UUID, list[Row]]:
    """List the steps of some referrals, the oldest first."""
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in tx.execute(SQL["list_steps_of"], {"referral_ids": list(referral_ids)}):
        found[row["referral_id"]].append(row)
    return found


def find_usual_site(tx: Transaction, user_id: UUID) -> str | None:
    """Find where a referrer sent somebody last."""
    row = tx.execute(SQL["find_usual_site"], {"user_id": user_id}).fetchone()
    return None if row is None else str(row["site_code"])


def count_by_site(
    tx: Transaction,
    *,
    site_codes: Sequence[str] | None,
    today: date,
    answer_before: datetime,
    since: datetime,
) -> list[Row]:
    """Count what waits and is late at each site, and who was taken in since an instant."""
    values = {
        "site_codes": site_codes,
        "today": today,
        "answer_before": answer_before,
        "since": since,
    }
    return tx.execute(SQL["count_by_site"], values).fetchall()
