"""Donations at its HTTP door: a real process, a real database, real tokens."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from deploy.demo import data
from tests.donations.build import a_file, a_row
from tests.fix_service import bearer, serving
from tests.fix_stack import FreshSchema, Schema
from tests.today import today

REPORTS = "/v1/option-reports"
PARTNER = UUID(int=1)
# Months behind the real clock of the process, so that none is in the future.
MADE = data.demonstration(today=today() - timedelta(days=40)).option_reports[0]


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("donations")


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[httpx.Client]:
    """The service's HTTP part, without broker and relay."""
    with serving("donations", schema=schema) as client:
        yield client


def send(
    door: httpx.Client, content: bytes, *, key: str | None = None, operator: str = "sfr"
) -> httpx.Response:
    headers = {"Content-Type": "text/csv", "Idempotency-Key": key or str(uuid4())}
    return door.post(
        REPORTS,
        content=content,
        headers=headers | bearer("operator_partner", user_id=PARTNER, operator=operator),
    )


def stored(schema: Schema) -> tuple[int, int, int]:
    with psycopg.connect(schema.admin_url) as admin:
        row = admin.execute(
            "SELECT (SELECT count(*) FROM donations.option_report),"
            "       (SELECT count(*) FROM donations.option_line),"
            "       (SELECT count(*) FROM donations.outbox)"
        ).fetchone()
    assert row is not None
    return row


class TestOptionReports:
    def test_takes_ten_thousand_lines_once_however_often_they_are_sent(
        self, door: httpx.Client, schema: Schema
    ) -> None:
        first = send(door, MADE.content, key="october")
        again = send(door, MADE.content, key="october")
        other_key = send(door, MADE.content)

        assert first.status_code == 201, first.text
        assert first.json()["total_cents"] == MADE.total_cents
        assert again.status_code == 201
        assert again.json() == first.json()
        assert other_key.status_code == 409
        assert other_key.json()["code"] == "donations.report.file_already_taken"
        assert stored(schema) == (1, 10_000, 1)

        listed = door.get(REPORTS, headers=bearer("operator_partner", operator="sfr"))
        assert listed.json() == {
            "reports": [first.json()],
            "operators": [
                {"operator": "sfr", "reports": 1}
                | {
                    name: first.json()[name]
                    for name in (
                        "lines",
                        "billed_cents",
                        "reversed_cents",
                        "adjusted_cents",
                        "total_cents",
                        "unmatched_reversals",
                    )
                }
            ],
        }

    def test_takes_a_file_sent_four_times_at_once_once(
        self, door: httpx.Client, schema: Schema
    ) -> None:
        reports, lines, facts = stored(schema)
        content = a_file([a_row("one", invoice_month="2026-01")], operator="free", period="2026-01")

        with ThreadPoolExecutor(4) as senders:
            answers = list(senders.map(lambda _: send(door, content, operator="free"), range(4)))

        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        assert {answer.json().get("code") for answer in answers if answer.is_error} == {
            "donations.report.file_already_taken"
        }
        assert stored(schema) == (reports + 1, lines + 1, facts + 1)

    def test_names_the_broken_line_in_french(self, door: httpx.Client, schema: Schema) -> None:
        before = stored(schema)

        answer = send(
            door,
            a_file([a_row("one"), a_row("two", kind="PAID")], operator="orange", period="2026-01"),
            operator="orange",
        )

        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == (
            "Ligne 4 : PAID n’est ni BILLED, ni REVERSED, ni ADJUST."
        )
        assert answer.json()["errors"] == [
            {"field": "line 4", "reason": "La nature est BILLED, REVERSED ou ADJUST."}
        ]
        assert stored(schema) == before

    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b"", 422, "donations.report.bad_header"),
            (b"\xff\xfe\x00\x00", 422, "donations.report.no_text"),
            (a_file([], operator="sfr"), 403, "donations.operator.not_yours"),
            (
                a_file([a_row("one")], operator="orange", announced_cents=1),
                409,
                "donations.report.total_differs",
            ),
        ],
    )
    def test_answers_with_a_problem(
        self, door: httpx.Client, content: bytes, status: int, code: str
    ) -> None:
        answer = send(door, content, operator="orange")

        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_refuses_another_role_and_nobody(self, door: httpx.Client) -> None:
        assert door.get(REPORTS, headers=bearer("till_operator")).status_code == 403
        assert door.get(REPORTS).status_code == 401

    def test_refuses_a_file_over_the_limit(self, door: httpx.Client) -> None:
        answer = send(door, bytes(32 * 1024 * 1024 + 1))

        assert answer.status_code == 413
