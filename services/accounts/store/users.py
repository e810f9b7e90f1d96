"""Those who sign in, as rows."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.user import Role, User
from services.accounts.store import SQL


def add_account(tx: Transaction, user: User, *, password_hash: str, now: datetime) -> bool:
    """Make the account; say False when its e-mail address is taken."""
    values = asdict(user) | {
        "site_codes": sorted(user.site_codes),
        "password_hash": password_hash,
        "now": now,
    }
    return tx.execute(SQL["add_account"], values).rowcount == 1


def change_account(tx: Transaction, user: User) -> None:
    """Write other rights or another name."""
    tx.execute(SQL["change_account"], asdict(user) | {"site_codes": sorted(user.site_codes)})


def enable_account(tx: Transaction, user_id: UUID) -> None:
    """Let somebody sign in again."""
    tx.execute(SQL["enable_account"], {"user_id": user_id})


def find_password_hash(tx: Transaction, user_id: UUID) -> str | None:
    """Find the stored password of an account."""
    row = tx.execute(SQL["find_password_hash"], {"user_id": user_id}).fetchone()
    return None if row is None else row["password_hash"]


def find_password_set_at(tx: Transaction, user_id: UUID) -> datetime | None:
    """Find when the password of an account was chosen."""
    row = tx.execute(SQL["find_password_set_at"], {"user_id": user_id}).fetchone()
    return None if row is None else row["password_set_at"]


def set_password(tx: Transaction, user_id: UUID, *, password_hash: str, now: datetime) -> None:
    """Store another password."""
    values = {"user_id": user_id, "password_hash": password_hash, "now": now}
    tx.execute(SQL["set_password"], values)


def find_account(tx: Transaction, user_id: UUID) -> User | None:
    """Find one account."""
    row = tx.execute(SQL["find_account"], {"user_id": user_id}).fetchone()
    return None if row is None else _user_from(row)


def lock_account(tx: Transaction, user_id: UUID) -> User | None:
    """Find one account and lock it."""
    row = tx.execute(SQL["lock_account"], {"user_id": user_id}).fetchone()
    return None if row is None else _user_from(row)


def disable_account(tx: Transaction, user_id: UUID, *, now: datetime) -> None:
    """End what somebody may do."""
    tx.execute(SQL["disable_account"], {"user_id": user_id, "now": now})


def list_accounts(
    tx: Transaction,
    *,
    site_codes: Sequence[str] | None,
    q: str,
    after: str | None,
    limit: int,
) -> list[User]:
    """List a page of accounts, of these sites or of all, whose name or address has `q` in it."""
    values = {
        "site_codes": site_codes,
        "q": q,
        "after": after or "",
        "limit": limit,
    }
    return [_user_from(row) for row in tx.execute(SQL["list_accounts"], values)]


def count_accounts(tx: Transaction, *, site_codes: Sequence[str] | None) -> dict[str, int]:
    """Count who may sign in, and who may not any more."""
    return tx.execute(SQL["count_accounts"], {"site_codes": site_codes}).fetchone() or {}


def find_display_names(tx: Transaction, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """Find what users are called."""
    rows = tx.execute(SQL["find_display_names"], {"user_ids": list(user_ids)})
    return {row["user_id"]: row["display_name"] for row in rows}


def _user_from(row: dict[str, Any]) -> User:
    return User(
        **row | {"role": Role(row["role"]), "site_codes": frozenset(row["site_codes"])},
    )
