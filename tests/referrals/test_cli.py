"""`relais referrals ...` in a process of its own, as a person types it."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.local.home import ROOT
from services.referrals.domain.rule import RuleNotValid, RuleOfThePast, check_change
from services.referrals.store import network
from tests.fix_service import OTHER_KEY, environment_of
from tests.fix_stack import FreshSchema, Schema, TxOf
from tests.referrals.build import NOW, Tx, accept, open_site, submit
from tests.referrals.rights import erase

Ran = subprocess.CompletedProcess[str]
TODAY = NOW.date()
LATER = TODAY + timedelta(days=40)


def relais(schema: Schema, home: Path, *words: str) -> Ran:
    return subprocess.run(
        [sys.executable, "-m", "deploy.command", "referrals", *words],
        cwd=ROOT,
        env=environment_of(schema, RELAIS_REFERRAL_KEY=OTHER_KEY)
        | {"RELAIS_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestRules:
    def test_change_from_a_day_on_between_those_of_before_and_after(self, tx_of: TxOf) -> None:
        tx: Tx = tx_of("referrals")

        network.set_rule(tx, "referral_months", 6, from_on=LATER)
        network.set_rule(tx, "referral_months", 4, from_on=TODAY)
        network.set_rule(tx, "referral_months", 5, from_on=TODAY)

        for day, months in (
            (TODAY - timedelta(days=1), 3),
            (TODAY, 5),
            (LATER - timedelta(days=1), 5),
            (LATER, 6),
        ):
            assert network.find_rules(tx, on=day).referral_months == months

    @pytest.mark.parametrize(
        ("name", "value", "days", "refusal"),
        [
            ("entitlement_months", 0, 0, RuleNotValid),
            ("small_count_people", 0, 0, RuleNotValid),
            ("convention_required", 2, 0, RuleNotValid),
            ("renewals_max", -1, 0, RuleNotValid),
            ("renewals_max", 2, -1, RuleOfThePast),
        ],
    )
    def test_refuse_what_nothing_can_be_decided_by_and_the_past(
        self, name: str, value: int, days: int, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            check_change(name, value, from_on=TODAY + timedelta(days=days), today=TODAY)

    def test_are_set_and_listed_by_commands(
        self, fresh_schema: FreshSchema, tmp_path: Path
    ) -> None:
        schema = fresh_schema("referrals")

        done = relais(
            schema, tmp_path, "set-rule", "convention_required", "1", "--from", "2199-01-01"
        )
        listed = relais(schema, tmp_path, "rules").stdout.splitlines()
        unknown = relais(schema, tmp_path, "set-rule", "moon_phase", "1")

        assert (done.returncode, done.stdout.strip()) == (
            0,
            "convention_required: 1 from 2199-01-01",
        )
        assert [line for line in listed if line.startswith("convention_required")] == [
            "convention_required: 0 from 2010-01-01 until the day before 2199-01-01",
            "convention_required: 1 from 2199-01-01",
        ]
        assert unknown.returncode == 2


class TestForgetAgain:
    def test_tells_every_service_of_every_erasure_once_more(
        self, fresh_schema: FreshSchema, tmp_path: Path
    ) -> None:
        schema = fresh_schema("referrals")
        with psycopg.connect(
            schema.admin_url, row_factory=dict_row, options="-c search_path=referrals,public"
        ) as tx:
            open_site(tx)
            gone = accept(tx, submit(tx).referral_id).person_ref
            accept(tx, submit(tx).referral_id)
            erase(tx, gone)

        done = relais(schema, tmp_path, "forget-again")

        assert (done.returncode, done.stdout.strip()) == (0, "1 erasures told again"), done.stderr
        with psycopg.connect(schema.admin_url) as admin:
            told = admin.execute(
                "SELECT subject, data->>'erasure_id' FROM referrals.outbox"
                " WHERE type = 'referrals.person.erased.v1' ORDER BY position"
            ).fetchall()
        assert [subject for subject, _ in told] == [str(gone)] * 2
        assert told[0] == told[1]
