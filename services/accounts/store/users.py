"""Those who sign in, as rows."""

from collections.abc import Collection
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


def add_account_change(
    tx: Transaction, user_id: UUID, *, change: str, by_user_id: UUID | None, now: datetime
) -> None:
    """Write the history of accounts on."""
    tx.execute(
        SQL["add_account_change"],
        {"user_id": user_id, "change": change, "by_user_id": by_user_id, "now": now},
    )


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
    tx: Transaction, *, site_codes: Collection[str] | None, after: str | None, limit: int
) -> list[User]:
    """List a page of accounts, of these sites or of all."""
    values = {
        "site_codes": None if site_codes is None else list(site_codes),
        "after": after or "",
        "limit": limit,
    }
    return [_user_from(row) for row in tx.execute(SQL["list_accounts"], values)]


def _user_from(row: dict[str, Any]) -> User:
    return User(
        **row | {"role": Role(row["role"]), "site_codes": frozenset(row["site_codes"])},
    )
