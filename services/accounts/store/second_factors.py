"""Second factors, their recovery codes and the rule that asks for them, as rows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.second_factor import Factor
from services.accounts.domain.user import Role
from services.accounts.store import SQL

_ROLES = "second_factor_roles"


def lock_factor(tx: Transaction, user_id: UUID) -> Factor | None:
    """Find somebody's second factor and lock it."""
    row = tx.execute(SQL["lock_factor"], {"user_id": user_id}).fetchone()
    return None if row is None else Factor(**row)


def begin_factor(tx: Transaction, factor: Factor) -> bool:
    """Keep a factor that is yet to be proven; say False when there is a proven one."""
    return tx.execute(SQL["begin_factor"], asdict(factor)).rowcount == 1


def save_factor(tx: Transaction, factor: Factor) -> None:
    """Write down that a code was used, or that the factor was proven."""
    tx.execute(SQL["save_factor"], asdict(factor))


def remove_factor(tx: Transaction, user_id: UUID) -> None:
    """Forget a factor and its recovery codes."""
    tx.execute(SQL["remove_recovery_codes"], {"user_id": user_id})
    tx.execute(SQL["remove_factor"], {"user_id": user_id})


def replace_recovery_codes(tx: Transaction, user_id: UUID, *, digests: Sequence[bytes]) -> None:
    """Keep these recovery codes and no others."""
    tx.execute(SQL["remove_recovery_codes"], {"user_id": user_id})
    tx.execute(SQL["add_recovery_codes"], {"user_id": user_id, "digests": list(digests)})


def use_recovery_code(tx: Transaction, user_id: UUID, *, digest: bytes, now: datetime) -> bool:
    """Use a recovery code; say False when there is none such, or it was used."""
    values = {"user_id": user_id, "code_digest": digest, "now": now}
    return tx.execute(SQL["use_recovery_code"], values).rowcount == 1


def count_recovery_codes(tx: Transaction, user_id: UUID) -> int:
    """Count the recovery codes that are left."""
    row = tx.execute(SQL["count_recovery_codes"], {"user_id": user_id}).fetchone()
    return 0 if row is None else int(row["left"])


def roles_that_need_one(tx: Transaction, *, on: date) -> frozenset[Role]:
    """Read which roles may do nothing without a second factor on a day."""
    row = tx.execute(SQL["find_rule"], {"name": _ROLES, "on": on}).fetchone()
    named = "" if row is None else row["value"]
    return frozenset(Role(role) for role in named.split(",") if role)


def need_one(tx: Transaction, roles: frozenset[Role], *, from_on: date) -> None:
    """Ask these roles, and no others, for a second factor from a day on."""
    value = ",".join(sorted(roles))
    tx.execute(SQL["set_rule"], {"name": _ROLES, "from_on": from_on, "value": value})
