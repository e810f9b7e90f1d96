"""Cases at the HTTP door: a real process, a real database, real tokens."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.fix_service import bearer, keyed
from tests.fix_stack import Schema
from tests.mediation.door import (
    HERE,
    MEDIATOR,
    OTHERS,
    PERSON,
    a_line,
    a_mandate,
    day,
    do,
    done,
    opened,
    problem,
)


class TestWhoMayAsk:
    def test_no_volunteer_whatever_their_role(self, door: httpx.Client) -> None:
        refused = 0
        for path, methods in door.get("/openapi.json").json()["paths"].items():
            for method, operation in methods.items():
                assert operation["x-volunteers"] is False, path
                for role in operation["x-roles"]:
                    helper = bearer(role, HERE, volunteer=True)
                    numbered = re.sub(r"{parked_id}", "1", path)
                    full = re.sub(r"{\w+}", str(uuid4()), numbered)
                    answer = door.request(
                        method, full.removeprefix("/api/mediation"), headers=keyed(helper)
                    )
                    assert problem(answer) == (403, "accounts.role.employees_only"), full
                    refused += 1
        assert refused > 30

    @pytest.mark.parametrize("role", ["till_operator", "referrer", "operator_partner"])
    @pytest.mark.parametrize(
        "path", ["/v1/cases", "/v1/calculators/limitation", "/v1/calculators/plan"]
    )
    def test_no_till_operator_and_no_partner(
        self, door: httpx.Client, role: str, path: str
    ) -> None:
        answer = do(door, path, {}, who=bearer(role, HERE))
        assert problem(answer) == (403, "accounts.role.not_allowed")

    def test_nobody_without_a_token(self, door: httpx.Client) -> None:
        assert door.post("/v1/calculators/plan", json={}).status_code == 401

    def test_not_another_site(self, door: httpx.Client) -> None:
        path = opened(door)
        elsewhere = bearer("mediator", "marseille")
        for answer in (
            door.get(path, headers=elsewhere),
            do(door, f"{path}/mandates", a_mandate(), who=elsewhere),
            do(door, f"{path}/close", {"outcome": "withdrawn"}, who=elsewhere),
            do(
                door,
                "/v1/cases",
                {"person_ref": str(PERSON), "site_code": HERE},
                who=elsewhere,
            ),
        ):
            assert problem(answer) == (403, "accounts.site.not_yours")


class TestCases:
    def test_a_debt_is_settled_by_a_plan(self, door: httpx.Client) -> None:
        path = opened(door)
        assert done(do(door, f"{path}/mandates", a_mandate()))["status"] == "mandated"
        line = done(do(door, f"{path}/lines", a_line()))
        assert (line["status"], line["limitation"]["limited"]) == ("analysed", False)
        body = {
            "operator": "sfr",
            "kind": "plan_request",
            "amount_cents": 32_000,
            "monthly_max_cents": 5_000,
            "first_due_on": day(20),
        }
        offer = done(do(door, f"{path}/offers", body))
        assert sum(each["amount_cents"] for each in offer["instalments"]) == 32_000
        answer = {"answer": "accepted", "answered_on": day(0), "person_signed_on": day(0)}
        key = str(uuid4())
        first = do(door, f"/v1/offers/{offer['offer_id']}/answers", answer, key=key)
        again = do(door, f"/v1/offers/{offer['offer_id']}/answers", answer, key=key)
        assert done(first) == done(again)
        assert (first.json()["status"], first.json()["outcome"]) == ("closed", "plan")
        shown = done(door.get(path, headers=MEDIATOR))
        assert (shown["status"], shown["agreed_cents"], shown["saved_cents"]) == (
            "closed",
            32_000,
            0,
        )
        late = do(door, f"{path}/lines", a_line())
        assert problem(late) == (409, "mediation.case.closed")
        assert late.json()["detail"] == (
            "Ce dossier est clos : on ne peut plus rien y ajouter ni y changer."
        )

    def test_an_offer_answered_four_times_at_once_is_answered_once(
        self, door: httpx.Client, schema: Schema
    ) -> None:
        path = opened(door)
        done(do(door, f"{path}/mandates", a_mandate()))
        done(do(door, f"{path}/lines", a_line()))
        body = {"operator": "sfr", "kind": "waiver_request", "amount_cents": 0}
        offer_id = done(do(door, f"{path}/offers", body))["offer_id"]
        said = {"answer": "accepted", "answered_on": day(0)}

        with ThreadPoolExecutor(4) as askers:
            answers = list(
                askers.map(lambda _: do(door, f"/v1/offers/{offer_id}/answers", said), range(4))
            )

        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        with psycopg.connect(schema.admin_url) as admin:
            told = admin.execute(
                "SELECT type FROM mediation.outbox WHERE subject = %s ORDER BY sequence",
                (path.rpartition("/")[2],),
            ).fetchall()
        assert [fact_type.removeprefix("mediation.") for (fact_type,) in told] == [
            "case.opened.v1",
            "offer.made.v1",
            "offer.answered.v1",
            "case.closed.v1",
        ]

    def test_the_gate_speaks_french_and_a_supervisor_opens_it(self, door: httpx.Client) -> None:
        path = opened(door)
        done(do(door, f"{path}/mandates", a_mandate()))
        done(do(door, f"{path}/lines", a_line(due_on=day(-344))))
        body = {
            "operator": "sfr",
            "kind": "plan_request",
            "amount_cents": 32_000,
            "instalments": 6,
            "first_due_on": day(20),
        }
        stopped = do(door, f"{path}/offers", body)
        assert problem(stopped) == (409, "mediation.offer.line_near_limit")
        assert "Un responsable peut passer outre" in stopped.json()["detail"]
        overriding = body | {"override_reason": "La personne le demande."}
        assert problem(do(door, f"{path}/offers", overriding)) == (
            403,
            "mediation.offer.override_not_yours",
        )
        manager = bearer("site_manager", HERE)
        assert done(do(door, f"{path}/offers", overriding, who=manager))["status"] == "negotiating"

    def test_a_second_case_is_refused_in_french_and_the_list_shows_the_first(
        self, door: httpx.Client
    ) -> None:
        body = {"person_ref": str(PERSON), "site_code": HERE}
        first = done(do(door, "/v1/cases", body))["case_id"]
        second = do(door, "/v1/cases", body)
        assert problem(second) == (409, "mediation.case.open_already")
        assert second.json()["detail"] == (
            f"Cette personne a déjà un dossier ouvert sur ce site : {first}."
        )
        query = {"site_code": HERE, "state": "opened", "limit": "200"}
        listed = door.get("/v1/cases", params=query, headers=MEDIATOR).json()
        assert first in [each["case_id"] for each in listed]
        opened(door)
        page = door.get("/v1/cases", params={"limit": "1"}, headers=MEDIATOR)
        assert len(page.json()) == 1
        assert 'rel="next"' in page.headers["Link"]
        wrong = door.get("/v1/cases", params={"state": "asleep"}, headers=MEDIATOR)
        assert problem(wrong) == (422, "relais.invalid")
        assert "negotiating" in wrong.json()["errors"][0]["reason"]

    def test_openings_for_one_person_take_turns(self, door: httpx.Client) -> None:
        body = {"person_ref": str(OTHERS[-1]), "site_code": HERE}
        with ThreadPoolExecutor(4) as askers:
            answers = list(askers.map(lambda _: do(door, "/v1/cases", body), range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    def test_an_unknown_person_has_no_case(self, door: httpx.Client) -> None:
        answer = do(door, "/v1/cases", {"person_ref": str(uuid4()), "site_code": HERE})
        assert problem(answer) == (409, "mediation.entitlement.unknown")

    def test_an_unknown_case_is_not_found(self, door: httpx.Client) -> None:
        for answer in (
            door.get(f"/v1/cases/{uuid4()}", headers=MEDIATOR),
            do(door, f"/v1/cases/{uuid4()}/lines", a_line()),
        ):
            assert problem(answer) == (404, "mediation.case.unknown")
        answer = do(
            door, f"/v1/offers/{uuid4()}/answers", {"answer": "refused", "answered_on": day(0)}
        )
        assert problem(answer) == (404, "mediation.offer.unknown")

    def test_a_command_needs_a_key(self, door: httpx.Client) -> None:
        answer = door.post("/v1/cases", json={}, headers=MEDIATOR)
        assert answer.status_code == 422

    @pytest.mark.parametrize(
        "change",
        [
            {"operator": "S F R"},
            {"kind": "loan"},
            {"claimed_cents": 0},
            {"claimed_cents": 1.5},
            {"claimed_cents": "32000"},
            {"due_on": "10/03/2025"},
            {"due_on": 1_700_000_000},
            {"events": [{"kind": "payment"}]},
            {"events": [{"kind": "payment", "on": "2025-01-01"}] * 201},
            {"name": "somebody"},
        ],
    )
    def test_a_body_that_breaks_the_schema_names_its_field(
        self, door: httpx.Client, change: dict[str, Any]
    ) -> None:
        answer = do(door, f"/v1/cases/{uuid4()}/lines", a_line(**change))
        assert problem(answer) == (422, "relais.invalid")
        [first, *_] = answer.json()["errors"]
        assert first["field"].startswith(next(iter(change)))

    def test_the_facts_hold_no_label_and_no_reference(
        self, door: httpx.Client, schema: Schema
    ) -> None:
        path = opened(door)
        done(do(door, f"{path}/mandates", a_mandate() | {"client_reference": "GHOST-REFERENCE"}))
        done(do(door, f"{path}/lines", a_line(label="GHOST-LABEL")))
        done(do(door, f"{path}/close", {"outcome": "withdrawn"}))
        with psycopg.connect(schema.admin_url) as admin:
            told = admin.execute("SELECT data::text FROM mediation.outbox").fetchall()
        assert told
        assert "GHOST" not in json.dumps(told)
