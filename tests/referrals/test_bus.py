"""Accounts and referrals as real processes on a real bus: what one tells, the other knows."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import amqp
import psycopg
import pytest
from psycopg.rows import dict_row

from chassis.topology import EXCHANGE
from kernel.envelope import Envelope
from tests.accounts.door import ADMIN, PASSWORD, a_user, run_create_admin
from tests.fix_service import OTHER_KEY, SIGNING_KEY, bearer, keyed, serving
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import NOW, a_body, a_fact

HEARD_WITHIN_S = 30.0
RECHARGED = "recharges.sale.completed.v1"
REFERRER = bearer("referrer")


def publish(amqp_url: str, facts: list[Envelope]) -> None:
    parts = urlsplit(amqp_url)
    with amqp.Connection(
        host=f"{parts.hostname}:{parts.port}",
        userid=parts.username,
        password=parts.password,
        virtual_host=parts.path.removeprefix("/"),
    ) as connection:
        channel = connection.channel()
        for fact in facts:
            message = amqp.Message(fact.to_json(), delivery_mode=2)
            channel.basic_publish(message, exchange=EXCHANGE, routing_key=fact.type)


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + HEARD_WITHIN_S
    while not holds():
        assert time.monotonic() < until, "it was not heard of in time"
        time.sleep(0.1)


def rows(schema: Schema, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(schema.admin_url, row_factory=dict_row) as admin:
        admin.execute("SET search_path TO referrals")
        return admin.execute(query.encode()).fetchall()


@pytest.mark.journey
def test_person_is_sent_to_a_site_that_just_opened_and_their_first_visit_is_told(
    fresh_schema: FreshSchema, amqp_url: str
) -> None:
    schemas = {name: fresh_schema(name) for name in ("accounts", "referrals")}
    assert run_create_admin(schemas["accounts"]).returncode == 0
    parts = {"RELAIS_PARTS": "http,consume,relay", "AMQP_URL": amqp_url}
    with (
        serving(
            "accounts", schema=schemas["accounts"], RELAIS_SIGNING_KEY=SIGNING_KEY, **parts
        ) as accounts,
        serving(
            "referrals", schema=schemas["referrals"], RELAIS_REFERRAL_KEY=OTHER_KEY, **parts
        ) as referrals,
    ):
        # A site opens at accounts; soon people can be sent there.
        session = accounts.post("/v1/sessions", json={"email": ADMIN, "password": PASSWORD}).json()
        admin = {"Authorization": f"Bearer {session['token']}"}
        site = {"site_code": "grenoble", "name": "La Remise", "address": "Grenoble"}
        assert accounts.post("/v1/sites", json=site, headers=keyed(admin)).status_code == 201
        # A referrer gets an account; soon they can be bound to a house, until they are disabled.
        body = {"name": "CCAS", "kind": "ccas", "siret": "73282932000074"}
        house = referrals.post("/v1/structures", json=body, headers=keyed(admin)).json()
        workers = f"/v1/structures/{house['structure_id']}/workers"
        user = accounts.post("/v1/users", json=a_user("referrer"), headers=keyed(admin)).json()
        worker = {"user_id": user["user_id"]}

        def bound() -> str:
            answer = referrals.post(workers, json=worker, headers=keyed(admin))
            return "" if answer.status_code == 201 else str(answer.json()["code"])

        wait_for(lambda: bound() == "")
        accounts.post(f"/v1/users/{user['user_id']}/disable", json={}, headers=keyed(admin))
        wait_for(lambda: bound() == "referrals.worker.disabled")
        key = keyed(REFERRER)
        body = a_body(site_code="grenoble")
        wait_for(lambda: referrals.post("/v1/referrals", json=body, headers=key).status_code == 201)
        made = referrals.post("/v1/referrals", json=body, headers=key).json()
        path = f"/v1/referrals/{made['referral_id']}"
        entitled = referrals.post(f"{path}/accept", json={}, headers=keyed(admin)).json()

        # Sales are told twice and in the wrong order; one that cannot be read is put aside.
        def sale(hour: int) -> Envelope:
            data = {"person_ref": entitled["person_ref"], "sale_id": str(uuid4())}
            return a_fact(RECHARGED, data, at=NOW.replace(year=2099, hour=hour))

        late, early = sale(15), sale(9)
        publish(amqp_url, [late, a_fact(RECHARGED, {"person_ref": "nobody"}), early, late])

        def first_visit() -> list[str]:
            steps = referrals.get(path, headers=REFERRER).json()["steps"]
            return [step["at"] for step in steps if step["step"] == "first_visit"]

        wait_for(lambda: first_visit() == ["2099-11-20T09:00:00Z"])
        wait_for(lambda: bool(rows(schemas["referrals"], "SELECT FROM parked_delivery")))

    [parked] = rows(schemas["referrals"], "SELECT consumer, reason FROM parked_delivery")
    assert parked == {"consumer": "referrals.on_sale_completed", "reason": "unreadable"}
    heard = rows(
        schemas["referrals"],
        "SELECT consumer, count(*) FROM inbox GROUP BY consumer ORDER BY consumer",
    )
    assert heard == [
        {"consumer": "referrals.on_access_ended", "count": 1},
        {"consumer": "referrals.on_sale_completed", "count": 2},
        {"consumer": "referrals.on_site_opened", "count": 1},
        {"consumer": "referrals.on_user_told", "count": 3},
    ]
    told = rows(schemas["referrals"], "SELECT FROM outbox WHERE published_at IS NULL")
    assert told == [], "every fact has left the outbox"
