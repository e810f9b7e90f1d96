"""`relais mediation set-rate` in a process of its own, as a person types it."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.local.home import ROOT
from tests.fix_service import environment_of
from tests.fix_stack import FreshSchema, Schema

Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("mediation")


def set_rate(schema: Schema, home: Path, *, first_on: str, percent: str) -> Ran:
    return subprocess.run(
        [
            *(sys.executable, "-m", "deploy.command", "mediation", "set-rate"),
            *("--from", first_on, "--percent", percent, "--source", "Arrêté du 18 juin 2026"),
        ],
        cwd=ROOT,
        env=environment_of(schema) | {"RELAIS_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def known(schema: Schema) -> list[tuple[str, str]]:
    with psycopg.connect(schema.admin_url) as admin:
        return admin.execute(
            "SELECT from_on::text, percent::text FROM mediation.legal_rate ORDER BY from_on"
        ).fetchall()


class TestSetRate:
    def test_adds_the_next_half_year_once(self, schema: Schema, tmp_path: Path) -> None:
        before = known(schema)

        added = set_rate(schema, tmp_path, first_on="2026-07-01", percent="2,5")
        again = set_rate(schema, tmp_path, first_on="2026-07-01", percent="2.6")

        assert added.returncode == 0, added.stderr
        assert added.stdout == "2026-07-01 -> 2027-01-01: 2.5 % (Arrêté du 18 juin 2026)\n"
        assert known(schema) == [*before, ("2026-07-01", "2.50")]
        assert again.returncode == 1
        assert again.stderr.startswith("relais: Le prochain taux à ajouter est celui du semestre")

    @pytest.mark.parametrize(
        ("percent", "code"), [("262", 1), ("two", 2)], ids=["implausible", "no number"]
    )
    def test_refuses_what_is_no_rate(
        self, schema: Schema, tmp_path: Path, percent: str, code: int
    ) -> None:
        before = known(schema)

        refused = set_rate(schema, tmp_path, first_on="2027-01-01", percent=percent)

        assert refused.returncode == code
        assert known(schema) == before
