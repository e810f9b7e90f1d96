"""Sites, rules, people, referrals, entitlements and structures, as rows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis import queries
from chassis.db import Transaction
from kernel.money import Cents
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import Identity, Person
from services.referrals.domain.referral import Referral, Sent, State
from services.referrals.domain.rule import Rules, rules_of
from services.referrals.domain.structure import Structure, User

_SQL = queries.load("services.referrals")
Row = dict[str, Any]


# -- sites and rules -----------------------------------------------------------------------------


def add_sites(tx: Transaction, sites: Sequence[tuple[str, str, datetime]]) -> None:
    """Remember sites: code, name, and when it was told."""
    codes, names, instants = zip(*sites, strict=True)
    tx.execute(
        _SQL["add_sites"],
        {"site_codes": list(codes), "names": list(names), "instants": list(instants)},
    )


def is_site_open(tx: Transaction, site_code: str) -> bool:
    """Say whether people can be sent there."""
    return tx.execute(_SQL["find_site"], {"site_code": site_code}).fetchone() is not None


def find_rules(tx: Transaction, *, on: date) -> Rules:
    """Read the rules in force on a day."""
    rows = tx.execute(_SQL["list_rules"], {"on": on})
    return rules_of({row["name"]: row["value"] for row in rows}, on=on)


# -- people --------------------------------------------------------------------------------------


def find_or_add_person(
    tx: Transaction, identity: Identity, *, fresh_ref: UUID, now: datetime
) -> UUID:
    """Return the person of this identity, made if new; two who come at once get the same."""
    values = {
        "person_ref": fresh_ref,
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "name_key": identity.name_key,
        "birth_date": identity.birth_date,
        "phone": identity.phone,
        "email": identity.email,
        "now": now,
    }
    while True:
        row = tx.execute(_SQL["find_person"], values).fetchone()
        if row is not None:
            person_ref: UUID = row["person_ref"]
            return person_ref
        # The insertion waits for whoever is making the same person, and then does nothing.
        if tx.execute(_SQL["add_person"], values).rowcount == 1:
            return fresh_ref


def lock_person(tx: Transaction, person_ref: UUID) -> Person | None:
    """Find a person; decisions about them take turns until the transaction ends."""
    row = tx.execute(_SQL["lock_person"], {"person_ref": person_ref}).fetchone()
    return None if row is None else Person(**row)


def find_person(tx: Transaction, person_ref: UUID) -> Person | None:
    """Find a person."""
    row = tx.execute(_SQL["get_person"], {"person_ref": person_ref}).fetchone()
    return None if row is None else Person(**row)


# -- merges --------------------------------------------------------------------------------------


def lock_merges(tx: Transaction) -> None:
    """Merges take turns: two at once could close a circle."""
    tx.execute(_SQL["lock_merges"])


def find_merges(tx: Transaction, person_refs: Sequence[UUID]) -> dict[UUID, UUID]:
    """Find every merge that stands on the way from people to the ends of their chains."""
    rows = tx.execute(_SQL["find_merges"], {"person_refs": list(person_refs)})
    return {row["person_ref"]: row["merged_into"] for row in rows}


def add_merge(
    tx: Transaction, person_ref: UUID, *, into: UUID, at: datetime, by_user_id: UUID
) -> None:
    """Write that a person is another one."""
    values = {"person_ref": person_ref, "into": into, "at": at, "by_user_id": by_user_id}
    tx.execute(_SQL["add_merge"], values)


def end_merge(tx: Transaction, person_ref: UUID, *, at: datetime, by_user_id: UUID) -> UUID | None:
    """Undo the merge of a person that stands; return whom they were merged into."""
    values = {"person_ref": person_ref, "at": at, "by_user_id": by_user_id}
    row = tx.execute(_SQL["end_merge"], values).fetchone()
    return None if row is None else row["merged_into"]


# -- referrals -----------------------------------------------------------------------------------


def find_structure_of(tx: Transaction, user_id: UUID) -> UUID | None:
    """Find the structure in whose name a referrer refers."""
    row = tx.execute(_SQL["find_structure_of"], {"user_id": user_id}).fetchone()
    return None if row is None else row["structure_id"]


def find_open_referral(tx: Transaction, person_ref: UUID, *, today: date) -> Sent | None:
    """Find a referral of the person that a site has yet to answer."""
    values = {"person_ref": person_ref, "today": today}
    row = tx.execute(_SQL["find_open_referral"], values).fetchone()
    return None if row is None else Sent(**row)


def add_referral(tx: Transaction, referral: Referral, *, code: str, particulars: Row) -> bool:
    """Write a referral; say False when its code is taken."""
    values = asdict(referral) | particulars | {"code": code}
    return tx.execute(_SQL["add_referral"], values).rowcount == 1


def lock_referral(tx: Transaction, referral_id: UUID) -> Referral | None:
    """Find a referral and lock it."""
    row = tx.execute(_SQL["lock_referral"], {"referral_id": referral_id}).fetchone()
    return None if row is None else Referral(**row | {"state": State(row["state"])})


def save_state(
    tx: Transaction,
    referral: Referral,
    *,
    refusal_code: str | None = None,
    refusal_reason: str | None = None,
) -> None:
    """Save where a referral stands, and why when it was refused."""
    values = {
        "referral_id": referral.referral_id,
        "state": referral.state,
        "refusal_code": refusal_code,
        "refusal_reason": refusal_reason,
    }
    tx.execute(_SQL["save_state"], values)


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
    tx.execute(_SQL["add_steps"], values)


def list_steps(tx: Transaction, referral_id: UUID) -> list[Row]:
    """List the steps of a referral, the oldest first."""
    return tx.execute(_SQL["list_steps"], {"referral_id": referral_id}).fetchall()


def find_referral(tx: Transaction, referral_id: UUID) -> Row | None:
    """Find a referral as it is shown."""
    return tx.execute(_SQL["get_referral"], {"referral_id": referral_id}).fetchone()


def list_referrals(
    tx: Transaction,
    *,
    site_codes: Sequence[str] | None,
    referrer_id: UUID | None,
    structure_id: UUID | None,
    state: str | None,
    code: str | None,
    after: UUID | None,
    limit: int,
    today: date,
) -> list[Row]:
    """List a page of referrals as they are shown."""
    values = {
        "site_codes": None if site_codes is None else list(site_codes),
        "referrer_id": referrer_id,
        "structure_id": structure_id,
        "state": state,
        "code": code,
        "after": after,
        "limit": limit,
        "today": today,
    }
    return tx.execute(_SQL["list_referrals"], values).fetchall()


def add_first_visits(tx: Transaction, sales: Sequence[tuple[UUID, datetime]]) -> None:
    """Remember, of sales to people, the earliest after each acceptance."""
    people, instants = zip(*sales, strict=True)
    tx.execute(_SQL["add_first_visits"], {"person_refs": list(people), "instants": list(instants)})


# -- entitlements --------------------------------------------------------------------------------


def find_latest_entitlement(tx: Transaction, person_ref: UUID) -> Entitlement | None:
    """Find the person's entitlement that ends last."""
    row = tx.execute(_SQL["find_latest_entitlement"], {"person_ref": person_ref}).fetchone()
    if row is None:
        return None
    return Entitlement(**row | {"monthly_cap_cents": Cents(row["monthly_cap_cents"])})


def add_entitlement(tx: Transaction, entitlement: Entitlement) -> None:
    """Write an entitlement that opens."""
    tx.execute(_SQL["add_entitlement"], asdict(entitlement))


def extend_entitlement(tx: Transaction, entitlement: Entitlement) -> None:
    """Save a renewal."""
    tx.execute(_SQL["extend_entitlement"], asdict(entitlement))


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
    tx.execute(_SQL["add_entitlement_change"], values)


# -- structures ----------------------------------------------------------------------------------


def add_structure(tx: Transaction, structure: Structure, *, now: datetime) -> bool:
    """Make a structure; say False when its SIRET number is taken."""
    return tx.execute(_SQL["add_structure"], asdict(structure) | {"now": now}).rowcount == 1


def list_structures(tx: Transaction, *, after: UUID | None, limit: int) -> list[Structure]:
    """List a page of the structures by name."""
    values = {"after": after, "limit": limit}
    return [Structure(**row) for row in tx.execute(_SQL["list_structures"], values)]


def find_structure(tx: Transaction, structure_id: UUID) -> Structure | None:
    """Find one structure."""
    row = tx.execute(_SQL["get_structure"], {"structure_id": structure_id}).fetchone()
    return None if row is None else Structure(**row)


def add_users(tx: Transaction, users: Sequence[tuple[UUID, str]]) -> None:
    """Remember who signs in: id and role."""
    user_ids, roles = zip(*users, strict=True)
    tx.execute(_SQL["add_users"], {"user_ids": list(user_ids), "roles": list(roles)})


def disable_users(tx: Transaction, users: Sequence[tuple[UUID, str, datetime]]) -> None:
    """Remember who signs in no more: id, role and since when."""
    user_ids, roles, instants = zip(*users, strict=True)
    tx.execute(
        _SQL["disable_users"],
        {"user_ids": list(user_ids), "roles": list(roles), "instants": list(instants)},
    )


def find_user(tx: Transaction, user_id: UUID) -> User | None:
    """Find what was told of somebody who signs in."""
    row = tx.execute(_SQL["find_user"], {"user_id": user_id}).fetchone()
    return None if row is None else User(**row)


def save_worker(tx: Transaction, user_id: UUID, *, structure_id: UUID) -> None:
    """Let a referrer refer in the name of a structure."""
    tx.execute(_SQL["save_worker"], {"user_id": user_id, "structure_id": structure_id})
