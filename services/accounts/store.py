"""Sites, accounts, throttles, tills and devices, as rows."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import queries
from chassis.db import Transaction
from services.accounts.domain.device import Device, Enrolment
from services.accounts.domain.site import Site
from services.accounts.domain.throttle import Throttle
from services.accounts.domain.user import Role, User

_SQL = queries.load("services.accounts")


def add_site(tx: Transaction, site: Site, *, now: datetime) -> bool:
    """Open the site; say False when its code is taken."""
    return tx.execute(_SQL["add_site"], asdict(site) | {"now": now}).rowcount == 1


def list_sites(tx: Transaction) -> list[Site]:
    """List every site."""
    return [Site(**row) for row in tx.execute(_SQL["list_sites"])]


def find_unknown_sites(tx: Transaction, site_codes: Collection[str]) -> list[str]:
    """List the codes that name no open site."""
    rows = tx.execute(_SQL["find_unknown_sites"], {"site_codes": list(site_codes)})
    return [row["site_code"] for row in rows]


def add_account(tx: Transaction, user: User, *, password_hash: str, now: datetime) -> bool:
    """Make the account; say False when its e-mail address is taken."""
    values = asdict(user) | {
        "site_codes": sorted(user.site_codes),
        "password_hash": password_hash,
        "now": now,
    }
    return tx.execute(_SQL["add_account"], values).rowcount == 1


def add_account_change(
    tx: Transaction, user_id: UUID, *, change: str, by_user_id: UUID | None, now: datetime
) -> None:
    """Write the history of accounts on."""
    tx.execute(
        _SQL["add_account_change"],
        {"user_id": user_id, "change": change, "by_user_id": by_user_id, "now": now},
    )


def find_credentials(tx: Transaction, email: str) -> tuple[UUID, str] | None:
    """Find whom the address belongs to, unless disabled, and their stored password."""
    row = tx.execute(_SQL["find_credentials"], {"email": email}).fetchone()
    return None if row is None else (row["user_id"], row["password_hash"])


def find_password_hash(tx: Transaction, user_id: UUID) -> str | None:
    """Find the stored password of an account."""
    row = tx.execute(_SQL["find_password_hash"], {"user_id": user_id}).fetchone()
    return None if row is None else row["password_hash"]


def save_password_hash(tx: Transaction, user_id: UUID, *, password_hash: str) -> None:
    """Store the same password with today's parameters."""
    tx.execute(_SQL["save_password_hash"], {"user_id": user_id, "password_hash": password_hash})


def find_account(tx: Transaction, user_id: UUID) -> User | None:
    """Find one account."""
    row = tx.execute(_SQL["find_account"], {"user_id": user_id}).fetchone()
    return None if row is None else _user_from(row)


def lock_account(tx: Transaction, user_id: UUID) -> User | None:
    """Find one account and lock it."""
    row = tx.execute(_SQL["lock_account"], {"user_id": user_id}).fetchone()
    return None if row is None else _user_from(row)


def disable_account(tx: Transaction, user_id: UUID, *, now: datetime) -> None:
    """End what somebody may do."""
    tx.execute(_SQL["disable_account"], {"user_id": user_id, "now": now})


def list_accounts(
    tx: Transaction, *, site_codes: Collection[str] | None, after: str | None, limit: int
) -> list[User]:
    """List a page of accounts, of these sites or of all."""
    values = {
        "site_codes": None if site_codes is None else list(site_codes),
        "after": after or "",
        "limit": limit,
    }
    return [_user_from(row) for row in tx.execute(_SQL["list_accounts"], values)]


def add_sign_in_event(
    tx: Transaction, *, user_id: UUID | None, address: str, ending: str, now: datetime
) -> None:
    """Write down one look at a password."""
    tx.execute(
        _SQL["add_sign_in_event"],
        {"user_id": user_id, "address": address, "ending": ending, "now": now},
    )


def lock_throttle(tx: Transaction, kind: str, *, subject: bytes, now: datetime) -> Throttle:
    """Read what is remembered of an account or address, and lock it."""
    key = {"kind": kind, "subject": subject, "now": now}
    # The row may be forgotten between the two statements: then it is made again.
    while True:
        tx.execute(_SQL["add_throttle"], key)
        row = tx.execute(_SQL["lock_throttle"], key).fetchone()
        if row is not None:
            return Throttle(**row)


def save_throttle(
    tx: Transaction, kind: str, *, subject: bytes, throttle: Throttle, now: datetime
) -> None:
    """Remember an account or address."""
    key = {"kind": kind, "subject": subject, "now": now}
    tx.execute(_SQL["save_throttle"], asdict(throttle) | key)


def forget_old_throttles(tx: Transaction, *, before: datetime) -> None:
    """Drop a few of those that nobody has touched for long."""
    tx.execute(_SQL["forget_old_throttles"], {"before": before})


def add_enrolment(
    tx: Transaction,
    enrolment: Enrolment,
    *,
    code_digest: bytes,
    created_by: UUID,
    now: datetime,
) -> None:
    """Await a device."""
    values = asdict(enrolment) | {
        "code_digest": code_digest,
        "created_by": created_by,
        "now": now,
    }
    tx.execute(_SQL["add_enrolment"], values)


def find_enrolment(tx: Transaction, enrolment_id: UUID) -> Enrolment | None:
    """Find an enrolment by its id."""
    row = tx.execute(_SQL["find_enrolment"], {"enrolment_id": enrolment_id}).fetchone()
    return None if row is None else Enrolment(**row)


def lock_enrolment(tx: Transaction, *, code_digest: bytes) -> Enrolment | None:
    """Find an enrolment by its code and lock it."""
    row = tx.execute(_SQL["lock_enrolment"], {"code_digest": code_digest}).fetchone()
    return None if row is None else Enrolment(**row)


def add_enrolment_use(
    tx: Transaction, enrolment_id: UUID, *, device_id: UUID, now: datetime
) -> None:
    """Use a code."""
    tx.execute(
        _SQL["add_enrolment_use"],
        {"enrolment_id": enrolment_id, "device_id": device_id, "now": now},
    )


def lock_till(
    tx: Transaction, *, site_code: str, till_name: str, fresh_id: UUID
) -> tuple[UUID, bool]:
    """Lock the till of that name, made if new; say its id and whether it has a device."""
    values = {"till_id": fresh_id, "site_code": site_code, "till_name": till_name}
    tx.execute(_SQL["add_till"], values)
    row = tx.execute(_SQL["lock_till"], values).fetchone()
    assert row is not None  # noqa: S101 - tills are never removed
    return row["till_id"], row["taken"]


def is_till_taken(tx: Transaction, *, site_code: str, till_name: str) -> bool:
    """Say whether the till of that name has a device."""
    values = {"site_code": site_code, "till_name": till_name}
    return tx.execute(_SQL["find_taken_till"], values).fetchone() is not None


def add_device(tx: Transaction, device: Device) -> None:
    """Give a till its device."""
    tx.execute(_SQL["add_device"], asdict(device) | {"now": device.enrolled_at})


def find_device(tx: Transaction, device_id: UUID) -> Device | None:
    """Find one device."""
    row = tx.execute(_SQL["find_device"], {"device_id": device_id}).fetchone()
    return None if row is None else Device(**row)


def lock_device(tx: Transaction, device_id: UUID) -> Device | None:
    """Find one device and lock it with its till."""
    row = tx.execute(_SQL["lock_device"], {"device_id": device_id}).fetchone()
    return None if row is None else Device(**row)


def revoke_device(tx: Transaction, device: Device, *, revoked_by: UUID) -> None:
    """End a device."""
    tx.execute(
        _SQL["revoke_device"],
        {"device_id": device.device_id, "now": device.revoked_at, "revoked_by": revoked_by},
    )


def list_devices(
    tx: Transaction, *, site_code: str, after: UUID | None, limit: int
) -> list[Device]:
    """List a page of the devices of a site."""
    values = {"site_code": site_code, "after": after, "limit": limit}
    return [Device(**row) for row in tx.execute(_SQL["list_devices"], values)]


def _user_from(row: dict[str, Any]) -> User:
    return User(
        **row | {"role": Role(row["role"]), "site_codes": frozenset(row["site_codes"])},
    )
