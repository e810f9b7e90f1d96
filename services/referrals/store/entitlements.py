"""Entitlements and their history, as rows."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from chassis import aliases
from chassis.db import Transaction
from kernel.money import Cents
from services.referrals.domain.entitlement import Entitlement
from services.referrals.store import SQL


def list_entitlements(tx: Transaction, person_ref: UUID) -> list[Entitlement]:
    """List all that a person has and had, under all their references, the last to end first."""
    values = {"person_refs": aliases.references(tx, person_ref)}
    rows = tx.execute(SQL["list_entitlements"], values)
    return [
        Entitlement(**row | {"monthly_cap_cents": Cents(row["monthly_cap_cents"])}) for row in rows
    ]


def find_latest_entitlement(tx: Transaction, person_ref: UUID) -> Entitlement | None:
    """Find the person's entitlement that ends last; the caller holds the person's lock."""
    return next(iter(list_entitlements(tx, person_ref)), None)


def add_entitlement(tx: Transaction, entitlement: Entitlement) -> None:
    """Write an entitlement that opens."""
    tx.execute(SQL["add_entitlement"], asdict(entitlement))


def extend_entitlement(tx: Transaction, entitlement: Entitlement) -> None:
    """Save a renewal."""
    tx.execute(SQL["extend_entitlement"], asdict(entitlement))


def add_entitlement_change(
    tx: Transaction,
    entitlement: Entitlement,
    *,
    change: str,
    referral_id: UUID,
    at: datetime,
    by_user_id: UUID,
) -> None:
    """Write the history of entitlements on."""
    values = asdict(entitlement) | {
        "change": change,
        "referral_id": referral_id,
        "at": at,
        "by_user_id": by_user_id,
    }
    tx.execute(SQL["add_entitlement_change"], values)


def find_latest_change(tx: Transaction, entitlement_id: UUID) -> tuple[str, UUID]:
    """Find what made an entitlement what it is, and the referral it was on the strength of."""
    row = tx.execute(SQL["find_latest_change"], {"entitlement_id": entitlement_id}).fetchone()
    assert row is not None  # noqa: S101  # whoever adds an entitlement says why
    return row["change"], row["referral_id"]
