"""`relais recharges import-vouchers` in a process of its own, as a person types it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from deploy.local.home import ROOT
from tests.fix_service import environment_of
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import SITE, a_file, a_row, rows
from tests.recharges.door import committed
from tests.recharges.shop import JOURNAL_KEYS, PIN_KEYS

Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    schema = fresh_schema("recharges")
    with committed(schema) as shop:
        shop.open_site()
    return schema


def import_vouchers(
    schema: Schema, file: Path, *options: str, batch: str = "SFR-A", **more: str
) -> Ran:
    return subprocess.run(
        [
            *(sys.executable, "-m", "deploy.command", "recharges", "import-vouchers", str(file)),
            *("--operator", "sfr", "--site", SITE, "--batch", batch, *options),
        ],
        cwd=ROOT,
        # A home without a stack: the environment says all.
        env=environment_of(schema, RELAIS_PIN_KEYS=PIN_KEYS, COLUMNS="200")
        | {"RELAIS_HOME": str(file.parent)}
        | more,
        capture_output=True,
        text=True,
        timeout=120,
    )


def written(folder: Path, content: bytes) -> Path:
    file = folder / "livraison.csv"
    file.write_bytes(content)
    return file


def stored(schema: Schema) -> tuple[int, int, int]:
    with psycopg.connect(schema.admin_url) as admin:
        row = admin.execute(
            "SELECT (SELECT count(*) FROM recharges.batch),"
            "       (SELECT count(*) FROM recharges.voucher),"
            "       (SELECT count(*) FROM recharges.outbox)"
        ).fetchone()
    assert row is not None
    return row


class TestImportVouchers:
    def test_says_in_french_what_was_received_and_shows_its_progress(
        self, schema: Schema, tmp_path: Path
    ) -> None:
        batches, vouchers, facts = stored(schema)
        lines = rows(1500)
        file = written(tmp_path, a_file(lines))

        ran = import_vouchers(schema, file, "--count", "1500", "--face-value-cents", "2250000")

        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == (
            f"1500 bons de recharge reçus pour {SITE}, d'une valeur de 22\u202f500,00\xa0€.\n"
            "Ils sont en vente dès maintenant.\n"
        )
        for step in ("Lecture et contrôle", "Scellement des codes", "Enregistrement"):
            assert step in ran.stderr
        assert "1500/1500" in ran.stderr
        assert lines[0]["pin"] not in ran.stdout + ran.stderr
        assert stored(schema) == (batches + 1, vouchers + 1500, facts + 1)

    @pytest.mark.parametrize(
        ("content", "options", "sentence"),
        [
            (
                a_file([*rows(2), a_row(pin="12")]),
                [],
                "Ligne 4 : le code confidentiel n'est pas fait de 6 à 32 lettres et chiffres.",
            ),
            (
                a_file(rows(3)),
                ["--count", "4"],
                "Le bon de livraison annonce 4 bons de recharge et le fichier en contient 3.",
            ),
            (
                a_file(rows(3)),
                ["--face-value-cents", "4501"],
                "Le bon de livraison annonce 45,01\xa0€ en tout et le fichier contient 45,00\xa0€.",
            ),
            (
                a_file(rows(3), encoding="utf-16"),
                [],
                "Le fichier n'est ni en UTF-8 ni en cp1252 (ligne 1) :",
            ),
            (
                a_file(rows(9)).rpartition(b";")[0],
                ["--count", "9"],
                "La ligne 10 a 4 cellules au lieu de 5.",
            ),
            (b"", [], "La ligne 1 doit nommer les colonnes"),
        ],
    )
    def test_refuses_in_one_french_sentence_and_changes_nothing(
        self, schema: Schema, tmp_path: Path, content: bytes, options: list[str], sentence: str
    ) -> None:
        before = stored(schema)

        ran = import_vouchers(schema, written(tmp_path, content), *options, batch="SFR-B")

        assert ran.returncode == 1
        assert ran.stdout == ""
        said = ran.stderr.strip().splitlines()[-1]
        assert said.startswith("relais: ")
        assert sentence in said
        assert "Traceback" not in ran.stderr
        assert stored(schema) == before

    def test_takes_a_file_that_two_people_import_at_once_once(
        self, schema: Schema, tmp_path: Path
    ) -> None:
        # Neither sees the other's rows before it commits.
        batches, vouchers, facts = stored(schema)
        file = written(tmp_path, a_file(rows(3000)))

        with ThreadPoolExecutor(3) as people:
            ran = list(
                people.map(lambda n: import_vouchers(schema, file, batch=f"SFR-{n}"), range(3))
            )

        assert sorted(each.returncode for each in ran) == [0, 1, 1], [r.stderr for r in ran]
        for each in ran:
            if each.returncode:
                said = each.stderr.strip().splitlines()[-1]
                assert said.startswith("relais: Ce même fichier a déjà été importé, comme lot SFR-")
        assert stored(schema) == (batches + 1, vouchers + 3000, facts + 1)

    @pytest.mark.parametrize("keys", ["", "test:c2hvcnQ", "index:" + PIN_KEYS.partition(":")[2]])
    def test_says_in_one_sentence_that_a_secret_is_none(
        self, schema: Schema, tmp_path: Path, keys: str
    ) -> None:
        ran = import_vouchers(schema, written(tmp_path, a_file(rows(1))), RELAIS_PIN_KEYS=keys)

        assert ran.returncode == 1
        (sentence,) = ran.stderr.strip().splitlines()
        assert sentence.startswith("relais: the environment does not say enough: RELAIS_PIN_KEYS: ")
        assert not keys or keys not in sentence

    def test_says_in_one_sentence_that_the_database_is_away(
        self, schema: Schema, tmp_path: Path
    ) -> None:
        away = "postgresql://recharges:only-for-tests@127.0.0.1:9/relais"

        ran = import_vouchers(schema, written(tmp_path, a_file(rows(1))), DATABASE_URL=away)

        assert ran.returncode == 1
        assert ran.stderr.splitlines()[-1].startswith("relais: the database does not answer: ")
        assert "only-for-tests" not in ran.stderr
        assert "Traceback" not in ran.stderr


class TestProcess:
    def test_does_not_start_with_pin_keys_that_are_none(self, schema: Schema) -> None:
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "services.recharges"],
            cwd=ROOT,
            env=environment_of(
                schema, RELAIS_PIN_KEYS="test:c2hvcnQ", RELAIS_JOURNAL_KEYS=JOURNAL_KEYS
            ),
            capture_output=True,
            text=True,
            timeout=120,
        )

        assert ran.returncode == 1
        assert ran.stderr.startswith("recharges cannot start: RELAIS_PIN_KEYS: ")
        assert "c2hvcnQ" not in ran.stderr
