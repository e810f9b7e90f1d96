"""Option reports on a real database: taken whole, told once, kept for ever, seen by their own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from chassis.auth import Caller
from chassis.db import Transaction
from deploy.demo import data
from kernel.period import Month
from kernel.refusal import Refusal
from services.donations import api, handlers, store
from services.donations.domain import option_report, report_file
from tests.donations.build import Row, a_file, a_row
from tests.fix_stack import TxOf

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SFR = Caller(user_id=UUID(int=1), role="operator_partner", site_codes=frozenset(), operator="sfr")
ORANGE = Caller(
    user_id=UUID(int=2), role="operator_partner", site_codes=frozenset(), operator="orange"
)
ADMIN = Caller(user_id=UUID(int=3), role="admin", site_codes=frozenset())


@pytest.fixture
def tx(tx_of: TxOf) -> Iterator[Transaction]:
    with (connection := tx_of("donations")).transaction(force_rollback=True):
        yield connection


def take(tx: Transaction, content: bytes, *, caller: Caller = SFR) -> api.OptionReport:
    """Take a report as one command does: what is refused leaves nothing behind."""
    with tx.transaction():
        return handlers.take_option_report(tx, content, caller=caller, now=NOON, new_id=uuid4)


def rows_of(tx: Transaction, query: str) -> list[dict[str, Any]]:
    store.see_operator(tx, None)
    return tx.execute(query).fetchall()


def counts(tx: Transaction) -> dict[str, Any]:
    [row] = rows_of(
        tx,
        "SELECT (SELECT count(*) FROM option_report) AS reports,"
        "       (SELECT count(*) FROM option_line) AS lines,"
        "       (SELECT count(*) FROM outbox) AS facts",
    )
    return row


def commit_check(tx: Transaction) -> None:
    """Run the checks that wait for the commit."""
    tx.execute("SET CONSTRAINTS ALL IMMEDIATE")


class TestUnknownOperator:
    def test_is_refused_with_those_that_are_known(self, tx: Transaction) -> None:
        with pytest.raises(handlers.UnknownOperator) as refused:
            take(tx, a_file([], operator="acme"), caller=ADMIN)
        assert "orange" in str(refused.value.values["allowed"])


class TestTakeOptionReport:
    def test_takes_the_ten_thousand_lines_of_the_demonstration(self, tx: Transaction) -> None:
        made = data.demonstration().option_reports[0]

        answer = take(tx, made.content)
        commit_check(tx)

        assert answer.model_dump(exclude={"report_id"}) == {
            "operator": "sfr",
            "period": "2026-10",
            "lines": 10_000,
            "billed_cents": made.cents_by_kind["BILLED"],
            "reversed_cents": made.cents_by_kind["REVERSED"],
            "adjusted_cents": made.cents_by_kind["ADJUST"],
            "total_cents": made.total_cents,
            # The reversals of months that were billed before the network's first report.
            "unmatched_reversals": 120,
        }
        assert counts(tx) == {"reports": 1, "lines": 10_000, "facts": 1}

    def test_tells_the_totals_and_no_token(self, tx: Transaction) -> None:
        answer = take(tx, a_file([a_row("crunchy-token")]))

        [fact] = rows_of(tx, "SELECT type, subject, site, occurred_at, data FROM outbox")
        assert fact == {
            "type": "donations.option.reported.v1",
            "subject": str(answer.report_id),
            "site": "network",
            "occurred_at": NOON,
            "data": {
                "report_id": str(answer.report_id),
                "operator": "sfr",
                "period": "2026-10",
                "lines": 1,
                "billed_cents": 100,
                "reversed_cents": 0,
                "adjusted_cents": 0,
                "total_cents": 100,
            },
        }

    def test_matches_a_reversal_with_what_an_earlier_report_billed(self, tx: Transaction) -> None:
        take(tx, a_file([a_row("known", invoice_month="2026-09")], period="2026-09"))

        answer = take(
            tx,
            a_file(
                [
                    a_row("known", invoice_month="2026-09", kind="REVERSED", amount_cents=-100),
                    a_row("unknown", invoice_month="2026-09", kind="REVERSED", amount_cents=-100),
                    a_row("new"),
                    a_row("new", kind="REVERSED", amount_cents=-100),
                ]
            ),
        )

        assert answer.unmatched_reversals == 1

    def test_takes_a_month_in_which_nobody_gave(self, tx: Transaction) -> None:
        assert take(tx, a_file([])).total_cents == 0
        commit_check(tx)

    def test_takes_two_operators_of_one_month(self, tx: Transaction) -> None:
        take(tx, a_file([a_row("twin")]))
        take(tx, a_file([a_row("twin")], operator="orange"), caller=ORANGE)

        assert counts(tx)["reports"] == 2

    def test_takes_any_operator_from_an_administrator(self, tx: Transaction) -> None:
        assert take(tx, a_file([], operator="free"), caller=ADMIN).operator == "free"

    def test_knows_the_line_of_an_earlier_report_again(self, tx: Transaction) -> None:
        late = a_row("late", invoice_month="2026-09")
        take(tx, a_file([late], period="2026-09"))

        with pytest.raises(handlers.LineAlreadyReported) as refused:
            take(tx, a_file([a_row("new"), late]))

        assert refused.value.values == {"line": 4, "period": "2026-09"}

    def test_knows_the_same_file_again(self, tx: Transaction) -> None:
        content = a_file([a_row("crunchy")])
        take(tx, content)

        with pytest.raises(handlers.FileAlreadyTaken):
            take(tx, content)

    def test_refuses_a_second_report_of_the_month(self, tx: Transaction) -> None:
        take(tx, a_file([a_row("crunchy")]))

        with pytest.raises(handlers.PeriodAlreadyReported):
            take(tx, a_file([a_row("crispy")]))

    @pytest.mark.parametrize(
        ("content", "caller", "refusal"),
        [
            (b"PK\x03\x04", SFR, report_file.NoText),
            (a_file([]), ORANGE, handlers.OperatorNotYours),
            (a_file([], operator="acme"), ADMIN, handlers.UnknownOperator),
            (a_file([], period="2026-12"), SFR, option_report.PeriodNotBegun),
            (a_file([a_row("rich", amount_cents=5_001)]), SFR, option_report.OverCap),
            (a_file([a_row("twin"), a_row("twin")]), SFR, option_report.DuplicateLine),
            (a_file([a_row("one")], announced_count=2), SFR, option_report.CountDiffers),
            (a_file([a_row("one")], announced_cents=99), SFR, option_report.TotalDiffers),
        ],
    )
    def test_leaves_no_trace_of_what_it_refuses(
        self, tx: Transaction, content: bytes, caller: Caller, refusal: type[Refusal]
    ) -> None:
        with pytest.raises(refusal):
            take(tx, content, caller=caller)

        assert counts(tx) == {"reports": 0, "lines": 0, "facts": 0}


class TestListOptionReports:
    @pytest.fixture(autouse=True)
    def _three_reports(self, tx: Transaction) -> None:
        take(tx, a_file([a_row("one", invoice_month="2026-09")], period="2026-09"))
        take(tx, a_file([a_row("one", kind="REVERSED", amount_cents=-100)]))
        take(tx, a_file([a_row("two", amount_cents=300)], operator="orange"), caller=ORANGE)

    def test_shows_an_administrator_every_operator(self, tx: Transaction) -> None:
        listed = handlers.list_option_reports(tx, caller=ADMIN, operator=None)

        assert [(report.operator, report.period) for report in listed.reports] == [
            ("orange", "2026-10"),
            ("sfr", "2026-10"),
            ("sfr", "2026-09"),
        ]
        assert [total.model_dump() for total in listed.operators][1] == {
            "operator": "sfr",
            "reports": 2,
            "lines": 2,
            "billed_cents": 100,
            "reversed_cents": -100,
            "adjusted_cents": 0,
            "total_cents": 0,
            "unmatched_reversals": 1,
        }

    def test_shows_an_administrator_the_operator_that_is_asked_for(self, tx: Transaction) -> None:
        listed = handlers.list_option_reports(tx, caller=ADMIN, operator="orange")

        assert [total.total_cents for total in listed.operators] == [300]

    def test_shows_a_partner_its_own(self, tx: Transaction) -> None:
        for operator in (None, "sfr"):
            listed = handlers.list_option_reports(tx, caller=SFR, operator=operator)
            assert {report.operator for report in listed.reports} == {"sfr"}
            assert [total.operator for total in listed.operators] == ["sfr"]

    def test_refuses_a_partner_another_operator(self, tx: Transaction) -> None:
        with pytest.raises(handlers.OperatorNotYours):
            handlers.list_option_reports(tx, caller=SFR, operator="orange")

    def test_refuses_a_partner_of_nobody(self, tx: Transaction) -> None:
        nobody = Caller(user_id=UUID(int=4), role="operator_partner", site_codes=frozenset())

        with pytest.raises(handlers.OperatorNotYours):
            handlers.list_option_reports(tx, caller=nobody, operator=None)


class TestDatabase:
    """The invariants as the database says them, whatever the code would try."""

    @pytest.fixture(autouse=True)
    def _one_report(self, tx: Transaction) -> None:
        take(tx, a_file([a_row("one", invoice_month="2026-09")]))
        store.see_operator(tx, "sfr")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE option_report SET total_cents = total_cents",
            "DELETE FROM option_report",
            "UPDATE option_line SET token = 'other'",
            "DELETE FROM option_line",
        ],
    )
    def test_changes_nothing_that_was_written(self, tx: Transaction, statement: str) -> None:
        with pytest.raises(psycopg.errors.RestrictViolation):
            tx.execute(statement)

    def test_adds_no_line_to_a_report_that_adds_up(self, tx: Transaction) -> None:
        with pytest.raises(psycopg.errors.CheckViolation, match="do not add up"):
            tx.execute(
                "INSERT INTO option_line SELECT report_id, 4, operator, period, 'late',"
                " option_code, invoice_month, kind, amount_cents FROM option_line"
            )

    def test_commits_no_report_without_its_lines(self, tx: Transaction) -> None:
        add_report(tx, lines=[], announced=[a_row("missing")])

        with pytest.raises(psycopg.errors.CheckViolation, match="do not add up"):
            commit_check(tx)

    @pytest.mark.parametrize(
        ("row", "constraint"),
        [
            (
                a_row("one", invoice_month="2026-09"),
                "option_line_operator_token_invoice_month_option_code_kind_key",
            ),
            (a_row("two", invoice_month="2026-09", amount_cents=-100), "option_line_sign"),
            (a_row("two", invoice_month="2026-10"), "option_line_invoiced_by_then"),
        ],
    )
    def test_holds_no_line_that_the_rules_refuse(
        self, tx: Transaction, row: Row, constraint: str
    ) -> None:
        with pytest.raises(psycopg.IntegrityError) as refused:
            add_report(tx, lines=[row], announced=[])

        assert refused.value.diag.constraint_name == constraint

    def test_shows_a_partner_no_row_of_another(self, tx: Transaction) -> None:
        seen = {}
        for operator in ("sfr", "orange", ""):
            tx.execute(store.SQL["see_operator"], {"operator": operator})
            seen[operator] = [
                len(tx.execute(query).fetchall())
                for query in ("SELECT FROM option_report", "SELECT FROM option_line")
            ]

        assert seen == {"sfr": [1, 1], "orange": [0, 0], "": [0, 0]}

    def test_takes_no_row_of_another_operator(self, tx: Transaction) -> None:
        store.see_operator(tx, "orange")

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            add_report(tx, lines=[], announced=[])


def add_report(tx: Transaction, *, lines: list[Row], announced: list[Row]) -> None:
    """Write a report past the rules, into September, as a faulty program would."""
    store.add_report(
        tx,
        store.StoredReport(
            report_id=uuid4(),
            operator="sfr",
            period=Month(2026, 9),
            file_sha256=bytes(32),
            totals=option_report.total(report_file.read(a_file(announced)).lines),
            unmatched_reversals=0,
            imported_by=UUID(int=1),
            imported_at=NOON,
        ),
        lines=report_file.read(a_file(lines)).lines,
    )
