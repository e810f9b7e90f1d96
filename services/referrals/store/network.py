"""What others told of sites and users, and the rules in force."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.rule import Rules, rules_of
from services.referrals.domain.worker import User
from services.referrals.store import SQL


def add_sites(tx: Transaction, sites: Sequence[tuple[str, str, str, datetime]]) -> None:
    """Remember sites: code, name, address, and when it was told."""
    codes, names, addresses, instants = zip(*sites, strict=True)
    values = {
        "site_codes": list(codes),
        "names": list(names),
        "addresses": list(addresses),
        "instants": list(instants),
    }
    tx.execute(SQL["add_sites"], values)


def is_site_open(tx: Transaction, site_code: str) -> bool:
    """Say whether people can be sent there."""
    return tx.execute(SQL["find_site"], {"site_code": site_code}).fetchone() is not None


def find_rules(tx: Transaction, *, on: date) -> Rules:
    """Read the rules in force on a day."""
    rows = tx.execute(SQL["list_rules"], {"on": on})
    return rules_of({row["name"]: row["value"] for row in rows}, on=on)


def add_users(tx: Transaction, users: Sequence[tuple[UUID, str]]) -> None:
    """Remember who signs in: id and role."""
    user_ids, roles = zip(*users, strict=True)
    tx.execute(SQL["add_users"], {"user_ids": list(user_ids), "roles": list(roles)})


def disable_users(tx: Transaction, users: Sequence[tuple[UUID, str, datetime]]) -> None:
    """Remember who signs in no more: id, role and since when."""
    user_ids, roles, instants = zip(*users, strict=True)
    tx.execute(
        SQL["disable_users"],
        {"user_ids": list(user_ids), "roles": list(roles), "instants": list(instants)},
    )


def find_user(tx: Transaction, user_id: UUID) -> User | None:
    """Find what was told of somebody who signs in."""
    row = tx.execute(SQL["find_user"], {"user_id": user_id}).fetchone()
    return None if row is None else User(**row)
