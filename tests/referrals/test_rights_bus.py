"""Exports and erasures between real processes: who is away is named, and answers once back."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.rows import dict_row

from tests.fix_service import OTHER_KEY, bearer, keyed, running, serving
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import SITE, a_body

pytestmark = pytest.mark.journey

WITHIN_S = 40.0
REFERRER = bearer("referrer")
MANAGER = bearer("site_manager", SITE)
MEDIATOR = bearer("mediator", SITE)
#: Services that this test never starts.
ABSENT = {"accounts", "donations", "equipment", "recharges", "settlement"}
LABEL = "Facture de Madame Coquelicot"


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.1)


def rows(schema: Schema, query: str, *values: Any) -> list[dict[str, Any]]:
    with psycopg.connect(schema.admin_url, row_factory=dict_row) as admin:
        return admin.execute(query.encode(), values or None).fetchall()


def overdue(client: httpx.Client) -> int:
    """What the alarm says."""
    for family in text_string_to_metric_families(client.get("/metrics").text):
        if family.name == "relais_erasure_receipts_overdue":
            return int(family.samples[0].value)
    raise AssertionError("no such metric")


def an_hour_goes_by(schema: Schema) -> None:
    """Put every erasure back by the hour after which a receipt is overdue, and a minute."""
    with psycopg.connect(schema.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")  # it is kept as it was, otherwise
        admin.execute("UPDATE referrals.erasure SET erased_at = erased_at - interval '61 minutes'")


def a_person(referrals: httpx.Client) -> str:
    body = a_body(given_name="Zoé", family_name="Coquelicot", email="zoe@example.org")
    key = keyed(REFERRER)
    wait_for(lambda: referrals.post("/v1/referrals", json=body, headers=key).status_code == 201)
    made = referrals.post("/v1/referrals", json=body, headers=key).json()
    path = f"/v1/referrals/{made['referral_id']}/accept"
    return str(referrals.post(path, json={}, headers=keyed(MANAGER)).json()["person_ref"])


def a_closed_case(mediation: httpx.Client, person_ref: str) -> None:
    """A case whose line has words about the person, withdrawn."""
    body = {"person_ref": person_ref, "site_code": SITE}
    key = keyed(MEDIATOR)
    wait_for(lambda: mediation.post("/v1/cases", json=body, headers=key).status_code == 201)
    case = mediation.post("/v1/cases", json=body, headers=key).json()["case_id"]

    def post(path: str, body: Any) -> None:
        done = mediation.post(f"/v1/cases/{case}{path}", json=body, headers=keyed(MEDIATOR))
        assert done.is_success, done.text

    mandate = {"operators": ["sfr"], "signed_on": "2026-01-02", "until_on": "2099-01-01"}
    post("/mandates", mandate)
    line = {"operator": "sfr", "kind": "service", "claimed_cents": 4_000, "due_on": "2026-09-01"}
    post("/lines", line | {"label": LABEL})
    post("/close", {"outcome": "withdrawn"})


def test_person_is_shown_and_forgotten_while_a_service_is_away_and_back(
    fresh_schema: FreshSchema, amqp_url: str
) -> None:
    schemas = {name: fresh_schema(name) for name in ("referrals", "mediation")}
    whole = {"RELAIS_PARTS": "http,consume,relay", "AMQP_URL": amqp_url}
    with psycopg.connect(schemas["referrals"].admin_url) as admin:
        admin.execute("INSERT INTO referrals.site VALUES (%s, 'Un point', now())", (SITE,))
    with serving(
        "referrals",
        schema=schemas["referrals"],
        RELAIS_REFERRAL_KEY=OTHER_KEY,
        SMTP_URL="smtp://127.0.0.1:9",
        **whole,
    ) as referrals:
        person_ref = a_person(referrals)
        path = f"/v1/people/{person_ref}"
        erase = {"reason": "asked_by_person"}
        with running("mediation", schema=schemas["mediation"], **whole) as (mediation, _):
            a_closed_case(mediation, person_ref)
            closed = "SELECT FROM referrals.told_case WHERE closed_on IS NOT NULL"
            wait_for(lambda: bool(rows(schemas["referrals"], closed)))

        # mediation is away: the export names it among those who have yet to answer.
        asked = referrals.get(f"{path}/export", headers=MANAGER)
        assert asked.status_code == 202
        assert set(asked.json()["missing"]) == ABSENT | {"mediation"}
        with running("mediation", schema=schemas["mediation"], **whole):

            def missing() -> set[str]:
                return set(referrals.get(f"{path}/export", headers=MANAGER).json()["missing"])

            wait_for(lambda: missing() == ABSENT)
        told = rows(
            schemas["mediation"], "SELECT data FROM mediation.outbox WHERE type LIKE '%%export%%'"
        )
        assert len(told) == 1
        assert "Coquelicot" not in str(told)

        # Away again: the person is erased here at once, there once it is back.
        erased = referrals.post(f"{path}/erasure", json=erase, headers=keyed(MANAGER)).json()
        assert set(erased["missing"]) == ABSENT | {"mediation"}
        assert referrals.get(path, headers=MANAGER).status_code == 404
        assert rows(schemas["mediation"], "SELECT FROM mediation.debt_line WHERE label <> ''")
        assert overdue(referrals) == 0, "an hour is not over"
        [listed] = referrals.get("/v1/erasures", headers=MANAGER).json()
        assert not listed["overdue"]
        an_hour_goes_by(schemas["referrals"])
        wait_for(lambda: overdue(referrals) == len(ABSENT) + 1)
        [listed] = referrals.get("/v1/erasures", headers=MANAGER).json()
        assert listed["overdue"]
        assert "mediation" in listed["missing"]
        with running("mediation", schema=schemas["mediation"], **whole) as (mediation, _):
            wait_for(lambda: overdue(referrals) == len(ABSENT))
            body = {"person_ref": person_ref, "site_code": SITE}
            refused = mediation.post("/v1/cases", json=body, headers=keyed(MEDIATOR))
            assert refused.json()["code"] == "relais.person.erased"
        [listed] = referrals.get("/v1/erasures", headers=MANAGER).json()
        assert set(listed["missing"]) == ABSENT
        [_, receipt] = sorted(listed["receipts"], key=lambda each: each["service"], reverse=True)
        assert (receipt["service"], receipt["counts"]["lines"]) == ("mediation", 1)
        again = referrals.post(f"{path}/erasure", json=erase, headers=keyed(MANAGER)).json()
        assert again["erasure_id"] == erased["erasure_id"]

    assert not rows(schemas["mediation"], "SELECT FROM mediation.debt_line WHERE label <> ''")
