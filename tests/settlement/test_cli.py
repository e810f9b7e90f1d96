"""`relais settlement reconcile` at the terminal, on a real ledger."""

import json
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner, Result

from services.settlement.cli import app
from tests.fix_stack import FreshSchema, Schema
from tests.settlement.build import a_batch, a_report, a_sale, vouchers_moved
from tests.settlement.bus import deliver


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("settlement")
    facts = [
        a_batch("b1", offers=[(20, 30000)]),
        a_sale("s1", lines=[("sfr", 2, 250, 1500)]),
        a_sale("s2", day="2026-12-01"),
        a_report("r1", billed=300, reversed_=-100),
        a_sale("s3", lines=[("orange", 1, 300, 1000)]),
    ]
    with psycopg.connect(
        made.url, row_factory=dict_row, options="-c search_path=settlement,public"
    ) as tx:
        deliver(tx, facts)
    return made


def reconcile(
    monkeypatch: pytest.MonkeyPatch, schema: Schema, *arguments: str, width: int = 120
) -> Result:
    monkeypatch.setenv("RELAIS_ADMIN_DATABASE_URL", schema.admin_url)
    monkeypatch.setenv("COLUMNS", str(width))
    return CliRunner().invoke(app, ["reconcile", *arguments])


class TestReconcile:
    def test_shows_a_month_that_is_complete_and_agrees(
        self, monkeypatch: pytest.MonkeyPatch, schema: Schema
    ) -> None:
        result = reconcile(monkeypatch, schema, "--operator", "sfr", "--period", "2026-11")

        assert result.exit_code == 0, result.output
        for words in ("saint-denis", "2026-11-20", "300.00 €", "270.00 €", "5.00 €", "2.00 €"):
            assert words in result.output
        assert "Complete, and no difference." in result.output

    def test_shows_by_site_what_was_transferred_and_written_off(
        self, monkeypatch: pytest.MonkeyPatch, fresh_schema: FreshSchema
    ) -> None:
        made = fresh_schema("settlement")
        one, two = [("sfr-0", "sfr", 1, 1500)], [("sfr-0", "sfr", 2, 3000)]
        with psycopg.connect(
            made.url, row_factory=dict_row, options="-c search_path=settlement,public"
        ) as tx:
            deliver(
                tx,
                [
                    a_batch(offers=[(10, 15000)]),
                    vouchers_moved("transfer.sent", "t", offers=[("sfr-0", "sfr", 3, 4500)]),
                    vouchers_moved("transfer.received", "t", site="paris-19", offers=two),
                    vouchers_moved("voucher.written_off", "m", cause="missing", offers=one),
                ],
            )

        result = reconcile(monkeypatch, made, "--operator", "sfr", "--period", "2026-11", width=80)

        rows = [
            [cell.strip() for cell in line.strip("│ ").split("│")]
            for line in result.output.splitlines()
            if line.startswith(("│ saint-denis", "│ paris-19", "│ all sites"))
        ]
        assert rows[:3] == [
            ["paris-19", "0", "0", "2", "0", "2"],
            ["saint-denis", "10", "0", "-2", "1", "7"],
            ["all sites", "10", "0", "0", "1", "9"],
        ]

    def test_prints_json(self, monkeypatch: pytest.MonkeyPatch, schema: Schema) -> None:
        result = reconcile(
            monkeypatch, schema, "--operator", "sfr", "--period", "2026-11", "--json"
        )

        period = json.loads(result.stdout)
        assert period["complete"] is True
        assert {leg["name"]: leg["total_cents"] for leg in period["legs"]} == {
            "credits_given": 30000,
            "credits_sold": 3000,
            "credits_left": 27000,
            "credits_written_off": 0,
            "recharge_cash": 500,
            "recharge_card": 0,
            "option_gifts": 200,
        }

    def test_names_the_leg_that_is_missing_of_a_month(
        self, monkeypatch: pytest.MonkeyPatch, schema: Schema
    ) -> None:
        result = reconcile(monkeypatch, schema, "--operator", "sfr", "--period", "2026-12")

        assert result.exit_code == 0
        assert "not complete" in result.output
        assert "nothing was heard of option_gifts" in result.output

    def test_fails_where_something_differs(
        self, monkeypatch: pytest.MonkeyPatch, schema: Schema
    ) -> None:
        result = reconcile(monkeypatch, schema, "--operator", "orange", "--period", "2026-11")

        assert result.exit_code == 1
        assert "more_sold_than_given_count" in result.output

    def test_finds_an_entry_that_was_tampered_with(
        self, monkeypatch: pytest.MonkeyPatch, schema: Schema, fresh_schema: FreshSchema
    ) -> None:
        tampered = fresh_schema("settlement")
        with psycopg.connect(
            tampered.url, row_factory=dict_row, options="-c search_path=settlement,public"
        ) as tx:
            deliver(tx, [a_batch(), a_sale("s1"), a_report()])
        with psycopg.connect(tampered.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("UPDATE settlement.transfer SET amount_cents = 1 WHERE position = 2")

        result = reconcile(
            monkeypatch, tampered, "--operator", "sfr", "--period", "2026-11", "--json"
        )

        assert result.exit_code == 1
        names = [each["name"] for each in json.loads(result.stdout)["differences"]]
        # The entries no longer add up, and the totals of their days remember what was posted.
        assert names == ["entry_cents", "entry_cents", "day_cents", "day_cents"]

    @pytest.mark.parametrize(
        ("operator", "period", "sentence"),
        [
            ("sfr", "2026-13", "A period is a month written YYYY-MM, not 2026-13."),
            ("sfr", "soon", "A period is a month written YYYY-MM, not soon."),
            ("nobody", "2026-11", "Nothing was ever posted for an operator nobody."),
            ("sfr", "2031-01", "Nothing was posted for sfr in 2031-01."),
        ],
    )
    def test_refuses_in_one_sentence(
        self,
        monkeypatch: pytest.MonkeyPatch,
        schema: Schema,
        operator: str,
        period: str,
        sentence: str,
    ) -> None:
        result = reconcile(monkeypatch, schema, "--operator", operator, "--period", period)

        assert result.exit_code == 2
        assert result.stderr.startswith(f"relais: {sentence}")
        assert len(result.stderr.splitlines()) == 1

    def test_says_that_no_stack_runs(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("RELAIS_ADMIN_DATABASE_URL", raising=False)
        monkeypatch.setenv("RELAIS_HOME", str(tmp_path))

        result = CliRunner().invoke(app, ["reconcile", "--operator", "sfr", "--period", "2026-11"])

        assert result.exit_code == 2
        assert "start one with `relais up`" in result.stderr

    def test_says_that_the_database_is_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RELAIS_ADMIN_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")

        result = CliRunner().invoke(app, ["reconcile", "--operator", "sfr", "--period", "2026-11"])

        assert result.exit_code == 2
        assert result.stderr.startswith("relais: The ledger cannot be read")
        assert len(result.stderr.splitlines()) == 1
