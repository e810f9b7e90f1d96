"""A delivery of a million vouchers, as a person imports it: all stored, in bounded memory."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from deploy.local.home import ROOT
from tests.fix_service import environment_of
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import SITE
from tests.recharges.door import committed
from tests.recharges.shop import PIN_KEYS

VOUCHERS = 1_000_000
PEAK_MB_MAX = 600


@pytest.fixture
def schema(fresh_schema: FreshSchema) -> Schema:
    schema = fresh_schema("recharges")
    with committed(schema) as shop:
        shop.open_site()
    return schema


def write_delivery(file: Path) -> None:
    """PINs in no order and never twice, as an operator's are: the modulus is a prime."""
    with file.open("w", encoding="ascii") as lines:
        lines.write("serial;pin;offer_code;face_value_cents;use_by\n")
        lines.writelines(
            f"{70_000_000_000 + n};{n * 61_803_398_874_989 % 99_999_999_999_973:014d};"
            f"{'sfr-15;1500' if n % 3 else 'sfr-500mo;500'};2035-06-{1 + n % 30:02d}\n"
            for n in range(VOUCHERS)
        )


@pytest.mark.slow
class TestMillionVouchers:
    def test_are_imported_whole_in_bounded_memory(self, schema: Schema, tmp_path: Path) -> None:
        file, says = tmp_path / "livraison.csv", tmp_path / "says"
        write_delivery(file)
        with says.open("wb") as output:
            command = subprocess.Popen(
                [
                    *(sys.executable, "-m", "deploy.command", "recharges", "import-vouchers"),
                    *(str(file), "--operator", "sfr", "--site", SITE, "--batch", "SFR-MILLION"),
                    *("--count", str(VOUCHERS)),
                ],
                cwd=ROOT,
                env=environment_of(schema, RELAIS_PIN_KEYS=PIN_KEYS, COLUMNS="200")
                | {"RELAIS_HOME": str(tmp_path)},
                stdout=output,
                stderr=output,
            )
            _, status, used = os.wait4(command.pid, 0)
            command.returncode = os.waitstatus_to_exitcode(status)

        said = says.read_text(encoding="utf-8")
        assert command.returncode == 0, said
        assert f"{VOUCHERS}/{VOUCHERS}" in said
        assert used.ru_maxrss / 1024 < PEAK_MB_MAX
        with psycopg.connect(schema.admin_url) as admin:
            stored = admin.execute(
                "SELECT count(*), count(DISTINCT pin_index), min(position), max(position)"
                "  FROM recharges.voucher"
            ).fetchone()
            lots = admin.execute("SELECT count(*) FROM recharges.lot").fetchone()
        assert stored == (VOUCHERS, VOUCHERS, 1, VOUCHERS)
        assert lots == (30,)  # one of each day; which offer it is goes with the day
