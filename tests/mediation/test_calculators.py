"""The calculators at the HTTP door: what they answer, in which words, and what they refuse."""

from itertools import product
from typing import Any

import httpx
import psycopg
import pytest

from tests.fix_stack import Schema
from tests.mediation.door import MEDIATOR, ask, done, problem

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
            "Ligne « prestation » exigible le 10 mars 2025 : prescription de 1 an ; dernier"
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
        found = done(ask(door, "late-interest", question))
        assert (found["interest_cents"], found["interest_until_on"]) == (207, "2026-04-01")
        assert found["flags"] == []
        assert found["basis"] == [
            {
                "rule": "half_year",
                "article": "Arrêté du 15 décembre 2025",
                "text": "90 jours à partir du 1er janvier 2026, au taux de 2,62 %.",
                "values": {"days": 90, "first_on": "2026-01-01", "percent": "2.62"},
            }
        ]

    def test_the_late_interest_says_where_knowledge_ends(self, door: httpx.Client) -> None:
        question = {"principal_cents": 32_000, "from_on": "2026-06-01", "until_on": "2099-01-01"}
        found = done(ask(door, "late-interest", question))
        assert (found["interest_until_on"], found["flags"]) == (
            "2026-07-01",
            ["rate_not_known_yet"],
        )
        assert found["basis"][-1]["text"].startswith("Aucun taux n’est connu ici à partir du 1er")
        later = question | {"from_on": "2098-01-01"}
        unknown = ask(door, "late-interest", later)
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
