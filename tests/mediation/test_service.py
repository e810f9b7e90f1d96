"""Mediation at its HTTP door: a real process, a real database, real tokens."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from kernel.period import business_date
from tests.fix_service import bearer, keyed, serving
from tests.fix_stack import FreshSchema, Schema

HERE = "saint-denis"
PERSON = UUID(int=42)
MEDIATOR = bearer("mediator", HERE)
# The process has a real clock, so its days are counted from today.
TODAY = business_date(datetime.now(UTC))


def day(after_days: int) -> str:
    return (TODAY + timedelta(days=after_days)).isoformat()


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("mediation")
    with psycopg.connect(made.url, options="-c search_path=mediation") as connection:
        connection.execute(
            "INSERT INTO entitlement VALUES (%s, %s, %s, 1)", (PERSON, day(-30), day(240))
        )
    return made


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[httpx.Client]:
    with serving("mediation", schema=schema) as client:
        yield client


def ask(door: httpx.Client, name: str, body: object, *, language: str = "fr") -> httpx.Response:
    headers = MEDIATOR | {"Accept-Language": language}
    return door.post(f"/v1/calculators/{name}", json=body, headers=headers)


def do(
    door: httpx.Client,
    path: str,
    body: object,
    *,
    who: dict[str, str] = MEDIATOR,
    key: str | None = None,
) -> httpx.Response:
    return door.post(path, json=body, headers=keyed(who, key=key))


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def opened(door: httpx.Client) -> str:
    case_id: str = done(do(door, "/v1/cases", {"person_ref": str(PERSON), "site_code": HERE}))[
        "case_id"
    ]
    return f"/v1/cases/{case_id}"


def a_mandate() -> dict[str, Any]:
    return {"operators": ["sfr"], "signed_on": day(-1), "until_on": day(365)}


def a_line(**more: Any) -> dict[str, Any]:
    return {
        "operator": "sfr",
        "kind": "service",
        "claimed_cents": 32_000,
        "due_on": day(-100),
    } | more


QUESTION: dict[str, Any] = {
    "line": {"kind": "service", "due_on": "2025-03-10"},
    "events": [{"kind": "formal_notice", "on": "2025-08-17"}],
    "on": "2026-03-11",
}


class TestLimitation:
    def test_answers_with_what_it_rests_on_in_french(self, door: httpx.Client) -> None:
        found = done(ask(door, "limitation", QUESTION))
        assert (found["limited"], found["last_live_day"], found["flags"]) == (
            True,
            "2026-03-10",
            [],
        )
        assert [step["rule"] for step in found["basis"]] == [
            "delay",
            "without_effect",
            "probably_limited",
        ]
        assert found["basis"][0]["article"].startswith("CPCE L34-2 al. 2")
        assert found["basis"][0]["text"] == (
            "Ligne « prestation » exigible le 10 mars 2025 : prescription de 1 an(s) ; dernier"
            " jour utile le 10 mars 2026."
        )
        assert found["basis"][0]["values"]["last_live_on"] == "2026-03-10"

    def test_answers_in_english_when_asked_to(self, door: httpx.Client) -> None:
        found = done(ask(door, "limitation", QUESTION, language="en"))
        assert found["basis"][-1]["text"].startswith("Limitation is probable since the day after")

    def test_a_collection_fee_has_no_last_day(self, door: httpx.Client) -> None:
        line = {"kind": "collection_fee", "due_on": "2025-03-10"}
        found = done(ask(door, "limitation", QUESTION | {"line": line}))
        assert (found["limited"], found["last_live_day"]) == (False, None)
        assert found["flags"] == ["not_due"]

    def test_needs_no_key_and_stores_nothing(self, door: httpx.Client, schema: Schema) -> None:
        done(ask(door, "limitation", QUESTION))
        with psycopg.connect(schema.admin_url) as admin:
            kept = admin.execute("SELECT count(*) FROM mediation.command_answer").fetchone()
        assert kept == (0,)


class TestOtherCalculators:
    def test_the_termination_fee(self, door: httpx.Client) -> None:
        question = {
            "monthly_cents": 2_500,
            "commitment_months": 24,
            "elapsed_months": 5,
            "signed_on": "2023-06-15",
            "subsidised_handset": False,
        }
        found = done(ask(door, "termination-fee", question))
        assert (found["fee_cents"], found["strict_reading_cents"]) == (17_500, 47_500)
        helped = done(ask(door, "termination-fee", question | {"over_indebted": True}))
        assert helped["fee_cents"] == 0

    def test_the_plan(self, door: httpx.Client) -> None:
        question = {"debt_cents": 32_000, "instalments": 3, "first_due_on": "2026-01-31"}
        assert done(ask(door, "plan", question))["instalments"] == [
            {"due_on": "2026-01-31", "amount_cents": 10_666},
            {"due_on": "2026-02-28", "amount_cents": 10_666},
            {"due_on": "2026-03-31", "amount_cents": 10_668},
        ]
        question = {"debt_cents": 32_000, "monthly_max_cents": 5_000, "first_due_on": "2026-01-31"}
        assert len(done(ask(door, "plan", question))["instalments"]) == 7

    def test_the_late_interest(self, door: httpx.Client) -> None:
        question = {
            "principal_cents": 32_000,
            "from_on": "2026-01-01",
            "until_on": "2026-04-01",
        }
        assert done(ask(door, "late-interest", question)) == {"interest_cents": 207}
        unknown = ask(door, "late-interest", question | {"until_on": "2099-01-01"})
        assert problem(unknown) == (409, "mediation.late_interest.rate_unknown")


class TestBadQuestions:
    @pytest.mark.parametrize(
        ("name", "body", "status", "code"),
        [
            ("limitation", {}, 422, "relais.invalid"),
            (
                "limitation",
                QUESTION
                | {
                    "events": [{"kind": "mediation", "on": "2025-05-01", "until": "2025-04-30"}],
                },
                409,
                "mediation.limitation.ends_before_it_begins",
            ),
            (
                "limitation",
                QUESTION | {"line": {"kind": "service", "due_on": "1999-01-01"}},
                409,
                "mediation.rule.unknown_day",
            ),
            (
                "plan",
                {"debt_cents": 100, "first_due_on": "2026-01-31"},
                422,
                "relais.invalid",
            ),
            (
                "plan",
                {
                    "debt_cents": 100,
                    "instalments": 2,
                    "monthly_max_cents": 50,
                    "first_due_on": "2026-01-31",
                },
                422,
                "relais.invalid",
            ),
            (
                "plan",
                {"debt_cents": 3, "instalments": 4, "first_due_on": "2026-01-31"},
                409,
                "mediation.plan.below_one_cent",
            ),
        ],
    )
    def test_get_a_problem(
        self, door: httpx.Client, name: str, body: object, status: int, code: str
    ) -> None:
        assert problem(ask(door, name, body)) == (status, code)

    def test_never_break_the_service(self, door: httpx.Client) -> None:
        """Every field of every question, with values that no field should take."""
        good: dict[str, dict[str, Any]] = {
            "limitation": QUESTION,
            "termination-fee": {
                "monthly_cents": 1,
                "commitment_months": 24,
                "elapsed_months": 1,
                "signed_on": "2023-01-01",
                "subsidised_handset": True,
                "over_indebted": False,
            },
            "plan": {"debt_cents": 100, "instalments": 2, "first_due_on": "2026-01-31"},
            "late-interest": {
                "principal_cents": 1,
                "from_on": "2026-01-01",
                "until_on": "2026-01-02",
            },
        }
        bad: tuple[Any, ...] = (
            None, "", "x", -1, 0, 10**30, 1.5, True, [], [[]], {}, {"kind": 1}, "2026-02-30",
            "9999-12-31", "0001-01-01", "1990-01-01", 1_700_000_000, "\x00",
        )  # fmt: skip
        statuses = set()
        for name, question in good.items():
            for field, value in product(question, bad):
                answer = ask(door, name, question | {field: value})
                assert answer.status_code in (200, 409, 422), (name, field, value, answer.text)
                statuses.add(answer.status_code)
        assert statuses == {200, 409, 422}

    def test_are_no_json(self, door: httpx.Client) -> None:
        answer = door.post("/v1/calculators/plan", content=b"{", headers=MEDIATOR)
        assert problem(answer) == (400, "relais.request.not_json")


class TestWhoMayAsk:
    @pytest.mark.parametrize("role", ["till_operator", "referrer", "operator_partner"])
    @pytest.mark.parametrize(
        "path", ["/v1/cases", "/v1/calculators/limitation", "/v1/calculators/plan"]
    )
    def test_no_volunteer_and_no_partner(self, door: httpx.Client, role: str, path: str) -> None:
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
