"""Bodies, callers and facts as tests of referrals need them; every person is fictional."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import uuid_utils

from chassis.auth import Caller
from kernel.envelope import Envelope
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.api import structures as structure_api
from services.referrals.handlers import (
    answering,
    learning,
    sending,
    showing,
    structures,
    walk_ins,
    workers,
)
from services.referrals.handlers.sending import Fresh
from services.referrals.seal import Seal
from tests.bodies import a_referral
from tests.fix_service import SIGNING_KEY

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITE = "saint-denis"
SEAL = Seal(SIGNING_KEY)
Tx = psycopg.Connection[dict[str, Any]]


def new_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def a_body(*, site_code: str = SITE, needs: tuple[str, ...] = ("recharge",), **person: Any) -> Any:
    """The JSON of a referral of somebody nobody has heard of, unless `person` says who it is."""
    letters = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:12])
    known = {
        "given_name": "Zoé",
        "family_name": f"Coquelicot {letters}",
        "birth_date": "1980-05-17",
    }
    return a_referral(site_code=site_code, needs=needs, person=known | person)


def a_caller(role: str, *site_codes: str) -> Caller:
    return Caller(user_id=uuid4(), role=role, site_codes=frozenset(site_codes))


DESK = a_caller("till_operator", SITE)
MANAGER = a_caller("site_manager", SITE)
#: What a walk-in says besides who it is.
MEANS = ("structure_id", "figures", "decision")


def a_fact(
    fact_type: str, data: dict[str, Any], *, at: datetime = NOW, sequence: int = 1
) -> Envelope:
    return Envelope(
        id=new_id(),
        type=fact_type,
        subject="x",
        site=SITE,
        time=at,
        data=data,
        sequence=sequence,
    )


def open_site(tx: Tx, site_code: str = SITE) -> None:
    told = {"site_code": site_code, "name": "Un point", "address": "1 rue Fictive"}
    learning.learn_sites(tx, [a_fact("accounts.site.opened.v1", told)])


def hear_of(tx: Tx, user_id: UUID, *, role: str = "referrer", ended: bool = False) -> None:
    told = {"user_id": str(user_id), "role": role, "site_codes": []}
    kind = "disabled" if ended else "created"
    fact = a_fact(f"accounts.user.{kind}.v1", told, sequence=2 if ended else 1)
    learning.learn_users(tx, [fact])


def a_house(tx: Tx, *workers: Caller) -> UUID:
    """A structure in whose name these referrers refer people."""
    rna = f"W75{uuid4().int % 10**7:07d}"
    body = structure_api.NewStructure(name="CCAS fictif", kind="ccas", rna=rna)
    made = structures.add_structure(tx, body, structure_id=new_id(), now=NOW)
    for worker in workers:
        hear_of(tx, worker.user_id)
        employ(tx, made.structure_id, worker)
    return made.structure_id


def employ(
    tx: Tx, structure_id: UUID, worker: Caller, *, now: datetime = NOW, **given: Any
) -> structure_api.Worker:
    """Let a referrer refer in the name of a structure."""
    body = structure_api.NewWorker(user_id=worker.user_id, **given)
    return workers.add_worker(tx, structure_id, body, caller=MANAGER, now=now)


def set_rule(tx: Tx, name: str, value: int) -> None:
    """A value of a rule for all days."""
    tx.execute("UPDATE rule SET value = %s WHERE name = %s", (value, name))


def fresh(draw: Callable[[int], int] | None = None) -> Fresh:
    """What one entry is given."""
    return Fresh(
        new_id=new_id,
        person_ref=uuid4(),
        draw=draw or (lambda below: uuid4().int % below),
        seal=SEAL,
    )


def submit(
    tx: Tx,
    *,
    now: datetime = NOW,
    caller: Caller | None = None,
    draw: Callable[[int], int] | None = None,
    **body: Any,
) -> referral_api.ReferralSubmitted:
    return sending.submit_referral(
        tx,
        referral_api.SubmitReferral.model_validate_json(json.dumps(a_body(**body))),
        caller=caller or a_caller("referrer"),
        now=now,
        fresh=fresh(draw),
    )


def walk_in(
    tx: Tx, *, now: datetime = NOW, by: Caller | None = None, **body: Any
) -> referral_api.WalkedIn:
    means = {name: body.pop(name) for name in MEANS if name in body}
    return walk_ins.walk_in(
        tx,
        referral_api.WalkIn.model_validate_json(json.dumps(a_body(**body) | means, default=str)),
        caller=by or DESK,
        now=now,
        fresh=fresh(),
    )


def confirm(tx: Tx, referral_id: UUID, *, by: Caller, now: datetime = NOW) -> person_api.Entitled:
    return walk_ins.confirm_walk_in(tx, referral_id, caller=by, now=now, new_id=new_id)


def accept(
    tx: Tx, referral_id: UUID, *, now: datetime = NOW, by: Caller = DESK, **means: Any
) -> person_api.Entitled:
    body = referral_api.AcceptReferral.model_validate_json(json.dumps(means))
    return answering.accept_referral(tx, referral_id, body, caller=by, now=now, new_id=new_id)


def see(tx: Tx, referral_id: UUID, *, now: datetime = NOW) -> referral_api.ReferralState:
    return answering.see_referral(tx, referral_id, caller=DESK, now=now, new_id=new_id)


def renew(
    tx: Tx, person_ref: UUID, referral_id: UUID, *, now: datetime = NOW, by: Caller = DESK
) -> person_api.Entitled:
    body = person_api.RenewEntitlement(referral_id=referral_id)
    return answering.renew_entitlement(tx, person_ref, body, caller=by, now=now, new_id=new_id)


def person_of(tx: Tx, referral_id: UUID) -> UUID:
    """Whose referral it is."""
    [row] = tx.execute("SELECT person_ref FROM referral WHERE referral_id = %s", (referral_id,))
    person_ref: UUID = row["person_ref"]
    return person_ref


def steps(tx: Tx, referral_id: UUID, *, now: datetime = NOW) -> list[str]:
    admin = a_caller("admin")
    shown = showing.show_referral(tx, referral_id, caller=admin, now=now)
    return [step.step for step in shown.steps]


def told(tx: Tx, subject: object) -> list[dict[str, Any]]:
    return tx.execute(
        "SELECT type, site, data FROM outbox WHERE subject = %s ORDER BY position", (str(subject),)
    ).fetchall()


def on(day: date, *, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
