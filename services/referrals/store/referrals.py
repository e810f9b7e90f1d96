"""Referrals, their steps and first visits, as rows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from chassis import aliases
from chassis.db import Transaction
from services.referrals.domain.referral import Referral, Sent, State
from services.referrals.store import SQL, Row, people


def find_open_referral(tx: Transaction, person_ref: UUID, *, today: date) -> Sent | None:
    """Find a referral of the person that a site has yet to answer."""
    values = {"person_refs": aliases.references(tx, person_ref), "today": today}
    row = tx.execute(SQL["find_open_referral"], values).fetchone()
    return None if row is None else Sent(**row | {"state": State(row["state"])})


def add_referral(tx: Transaction, referral: Referral, *, code: str, particulars: Row) -> bool:
    """Write a referral; say False when its code is taken."""
    values = asdict(referral) | particulars | {"code": code}
    return tx.execute(SQL["add_referral"], values).rowcount == 1


def lock_referral(tx: Transaction, referral_id: UUID) -> Referral | None:
    """Find a referral and lock it, its person first: so does whoever locks several of theirs."""
    wanted = {"referral_id": referral_id}
    sent = tx.execute(SQL["find_person_sent"], wanted).fetchone()
    if sent is None:
        return None
    people.lock_person(tx, sent["person_ref"])
    row = tx.execute(SQL["lock_referral"], wanted).fetchone()
    return None if row is None else Referral(**row | {"state": State(row["state"])})


def save_state(
    tx: Transaction,
    referral: Referral,
    *,
    refusal_code: str | None = None,
    refusal_reason: str | None = None,
    revocation_reason: str | None = None,
) -> None:
    """Save where a referral stands, and why when it was refused or revoked."""
    values = {
        "referral_id": referral.referral_id,
        "state": referral.state,
        "refusal_code": refusal_code,
        "refusal_reason": refusal_reason,
        "revocation_reason": revocation_reason,
    }
    tx.execute(SQL["save_state"], values)


def find_structure_asked(tx: Transaction, referral_id: UUID) -> UUID | None:
    """Find the structure that was asked to confirm a walk-in."""
    row = tx.execute(SQL["find_structure_asked"], {"referral_id": referral_id}).fetchone()
    return None if row is None else row["structure_id"]


def save_confirmation(
    tx: Transaction, referral: Referral, *, referrer_id: UUID, structure_id: UUID | None
) -> None:
    """Save who answers for a walk-in from now on."""
    values = {
        "referral_id": referral.referral_id,
        "state": referral.state,
        "referrer_id": referrer_id,
        "structure_id": structure_id,
    }
    tx.execute(SQL["save_confirmation"], values)


def add_steps(
    tx: Transaction,
    referral_id: UUID,
    *,
    steps: Sequence[str],
    at: datetime,
    by_user_id: UUID,
    by_role: str,
) -> None:
    """Write the history on."""
    values = {
        "referral_id": referral_id,
        "steps": [str(step) for step in steps],
        "at": at,
        "by_user_id": by_user_id,
        "by_role": by_role,
    }
    tx.execute(SQL["add_steps"], values)


def list_steps(tx: Transaction, referral_id: UUID) -> list[Row]:
    """List the steps of a referral, the oldest first."""
    return tx.execute(SQL["list_steps"], {"referral_id": referral_id}).fetchall()


def find_referral(tx: Transaction, referral_id: UUID) -> Row | None:
    """Find a referral as it is shown."""
    return tx.execute(SQL["get_referral"], {"referral_id": referral_id}).fetchone()


def list_referrals(
    tx: Transaction,
    *,
    site_codes: Sequence[str] | None,
    referrer_id: UUID | None,
    structure_id: UUID | None,
    may_confirm: bool,
    state: str | None,
    code: str | None,
    answer_before: datetime | None,
    after: UUID | None,
    limit: int,
    today: date,
) -> list[Row]:
    """List a page of referrals as they are shown."""
    values = {
        "site_codes": None if site_codes is None else list(site_codes),
        "referrer_id": referrer_id,
        "structure_id": structure_id,
        "may_confirm": may_confirm,
        "state": state,
        "code": code,
        "answer_before": answer_before,
        "after": after,
        "limit": limit,
        "today": today,
    }
    return tx.execute(SQL["list_referrals"], values).fetchall()


def add_first_visits(tx: Transaction, sales: Sequence[tuple[UUID, datetime]]) -> list[UUID]:
    """Remember, of sales to people, the earliest after each acceptance; return those first told."""
    people, instants = zip(*sales, strict=True)
    values = {"person_refs": list(people), "instants": list(instants)}
    rows = tx.execute(SQL["add_first_visits"], values)
    return [row["referral_id"] for row in rows if row["is_new"]]


def find_unconfirmed_walk_in(tx: Transaction, person_ref: UUID, *, today: date) -> UUID | None:
    """Find a walk-in of the person that nobody confirmed and no acceptance has followed."""
    values = {"person_refs": aliases.references(tx, person_ref), "today": today}
    row = tx.execute(SQL["find_unconfirmed_walk_in"], values).fetchone()
    return None if row is None else row["referral_id"]


def find_slip(tx: Transaction, referral_id: UUID) -> Row | None:
    """Find what became of the referral of a slip."""
    return tx.execute(SQL["find_slip"], {"referral_id": referral_id}).fetchone()


def find_paper(tx: Transaction, referral_id: UUID) -> Row | None:
    """Find what is printed on a slip."""
    return tx.execute(SQL["get_paper"], {"referral_id": referral_id}).fetchone()


def list_revoked(tx: Transaction, *, today: date, after: UUID | None, limit: int) -> list[Row]:
    """List a page of the slips that were revoked before their day."""
    values = {"today": today, "after": after, "limit": limit}
    return tx.execute(SQL["list_revoked"], values).fetchall()
