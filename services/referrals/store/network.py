"""What others told of sites and users, and the rules in force."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.rule import Rules, rules_of
from services.referrals.domain.worker import User
from services.referrals.store import SQL, Row


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


def list_sites(tx: Transaction) -> list[Row]:
    """List the sites as they were told."""
    return tx.execute(SQL["list_sites"]).fetchall()


def find_rules(tx: Transaction, *, on: date) -> Rules:
    """Read the rules in force on a day."""
    rows = tx.execute(SQL["list_rules"], {"on": on})
    return rules_of({row["name"]: row["value"] for row in rows}, on=on)


def list_all_rules(tx: Transaction) -> list[Row]:
    """List every value of every rule, by name and day."""
    return tx.execute(SQL["list_all_rules"]).fetchall()


def set_rule(tx: Transaction, name: str, value: int, *, from_on: date) -> None:
    """Give a rule another value from a day on; whatever was set for later days stays."""
    values = {"name": name, "value": value, "from_on": from_on}
    if tx.execute(SQL["correct_rule"], values).rowcount == 0:
        tx.execute(SQL["cut_rule"], values)
        tx.execute(SQL["add_rule"], values)


def learn_users(tx: Transaction, users: Sequence[tuple[UUID, str, datetime | None, int]]) -> None:
    """Remember who signs in: id, role, since when no more, and the fact's number."""
    user_ids, roles, instants, sequences = zip(*users, strict=True)
    tx.execute(
        SQL["learn_users"],
        {
            "user_ids": list(user_ids),
            "roles": list(roles),
            "instants": list(instants),
            "sequences": list(sequences),
        },
    )


def find_user(tx: Transaction, user_id: UUID) -> User | None:
    """Find what was told of somebody who signs in."""
    row = tx.execute(SQL["find_user"], {"user_id": user_id}).fetchone()
    return None if row is None else User(**row)
