"""`relais recharges export-archive` and back: a real journal, a file, and what was done to it."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from deploy import verify_archive
from deploy.local.home import ROOT
from services.recharges.domain import journal
from services.recharges.domain.journal import Kind
from services.recharges.handlers import archiving
from tests.fix_service import environment_of
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import NOON
from tests.recharges.desk import Desk, a_desk
from tests.recharges.door import committed
from tests.recharges.shop import JOURNAL_KEYS, KEYS, Shop, connect, connect_as_admin

JANUARY = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


@pytest.fixture
def desk(schema: Schema) -> Iterator[Desk]:
    """A till that sold on two days, and whose changes are committed."""
    with connect(schema) as tx:
        desk = a_desk(Shop(tx=tx), vouchers=12)
        for day in range(2):
            then = desk.at(NOON + timedelta(days=day))
            then.sell(1)
            then.sell(2)
            then.close(then.session(), 750)
        tx.commit()
        yield desk
        tx.rollback()


def export(
    schema: Schema, desk: Desk, out: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "deploy.command", "recharges"),
            *("export-archive", "--till", str(desk.till_id), *options, str(out)),
        ],
        cwd=ROOT,
        env=environment_of(
            schema, RELAIS_JOURNAL_KEYS=JOURNAL_KEYS, RELAIS_HOME=str(out.parent), COLUMNS="200"
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def verify(file: Path, *options: str) -> Result:
    return CliRunner().invoke(verify_archive.app, [str(file), "--language", "en", *options])


def tamper(schema: Schema, change: str, *values: Any) -> None:
    """Do what a superuser can who switches the triggers off."""
    with connect_as_admin(schema) as admin:
        admin.execute("SET session_replication_role = 'replica'")
        done = admin.execute(change.encode(), values)
        assert done.rowcount > 0


def anchors(schema: Schema, till_id: UUID) -> list[str]:
    """The ends of chains as they were told over the bus."""
    with committed(schema) as shop:
        rows = shop.all(
            "SELECT data FROM outbox WHERE type = 'recharges.till.closed.v1' AND subject = %s",
            str(till_id),
        )
    return [
        f"{each['kind']}:{each['sequence']}:{each['hash']}"
        for row in rows
        for each in row["data"]["anchors"]
    ]


def options_of(known: list[str]) -> list[str]:
    return [part for each in known for part in ("--anchor", each)]


class TestExport:
    def test_writes_a_whole_archive_and_says_so_in_the_journal(
        self, schema: Schema, desk: Desk, tmp_path: Path
    ) -> None:
        out = tmp_path / "caisse.jsonl"
        ran = export(schema, desk, out)

        assert ran.returncode == 0, ran.stderr
        checked = verify(out, *options_of(anchors(schema, desk.till_id)))
        assert checked.exit_code == 0, checked.stdout
        sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
        assert sha256 in ran.stdout
        kept = desk.shop.one(
            "SELECT record FROM journal WHERE till_id = %s AND kind = 'archive'", desk.till_id
        )
        assert json.loads(kept)["sha256"] == sha256
        assert json.loads(kept)["chains"]["ticket"]["record_count"] == 4
        assert [each.name for each in tmp_path.iterdir()] == ["caisse.jsonl"]

    def test_writes_over_no_file_unless_it_is_told_to(
        self, schema: Schema, desk: Desk, tmp_path: Path
    ) -> None:
        out = tmp_path / "caisse.jsonl"
        out.write_text("the only copy of last year")

        refused = export(schema, desk, out)

        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            "relais: Le fichier caisse.jsonl existe déjà. Ajoutez --force pour l'écraser.\n"
        )
        assert out.read_text() == "the only copy of last year"
        archives = "SELECT count(*) FROM journal WHERE till_id = %s AND kind = 'archive'"
        assert desk.shop.one(archives, desk.till_id) == 0
        assert export(schema, desk, out, "--force").returncode == 0
        assert verify(out).exit_code == 0
        assert [each.name for each in tmp_path.iterdir()] == ["caisse.jsonl"]

    def test_of_each_year_holds_what_that_year_closed(self, desk: Desk, tmp_path: Path) -> None:
        desk.at(JANUARY).tick()
        later = desk.at(JANUARY + timedelta(days=1))
        later.sell()
        later.close(later.session(), 250)

        for year, tickets, closings in ((2026, "1..4", "1..5"), (2027, "5..5", "6..6")):
            header = archiving.plan(later.shop.tx, later.till_id, year=year, pen=later.pen())
            out = tmp_path / str(year)
            out.write_bytes(b"".join(archiving.lines(later.shop.tx, header, keys=KEYS)))
            checked = verify(out)
            assert checked.exit_code == 0, checked.stdout
            assert re.search(rf"^  ticket +\d+  {re.escape(tickets)} ", checked.stdout, re.M)
            assert re.search(rf"^  grand_total +\d+  {re.escape(closings)} ", checked.stdout, re.M)

    @pytest.mark.parametrize("options", [("--year", "2011"), ("--till", str(uuid4()))])
    def test_of_nothing_leaves_no_file(
        self, schema: Schema, desk: Desk, tmp_path: Path, options: tuple[str, ...]
    ) -> None:
        ran = export(schema, desk, tmp_path / "rien", *options)

        assert ran.returncode == 1
        assert ran.stderr.startswith("relais: ")
        assert not [*tmp_path.iterdir()]


class TestTampering:
    @pytest.mark.parametrize(
        ("change", "named"),
        [
            (
                "UPDATE journal SET record = replace(record, '250', '150')"
                " WHERE till_id = %s AND kind = 'ticket' AND sequence = 3",
                "ticket 3: its content is not what was sealed",
            ),
            (
                "DELETE FROM journal WHERE till_id = %s AND kind = 'ticket' AND sequence = 2",
                "ticket 2: it is missing",
            ),
            (
                "UPDATE journal SET signature = decode(repeat('00', 64), 'hex')"
                " WHERE till_id = %s AND kind = 'grand_total' AND sequence = 1",
                "grand_total 1: its signature is not good",
            ),
        ],
    )
    def test_of_a_journal_row_is_found_and_named(
        self, schema: Schema, desk: Desk, tmp_path: Path, change: str, named: str
    ) -> None:
        tamper(schema, change, desk.till_id)
        out = tmp_path / "caisse.jsonl"
        assert export(schema, desk, out).returncode == 0

        checked = verify(out)

        assert checked.exit_code == verify_archive.BROKEN
        assert named in checked.stdout

    def test_of_a_whole_chain_made_anew_is_found_by_the_anchors_told(
        self, schema: Schema, desk: Desk, tmp_path: Path
    ) -> None:
        # Somebody holds the database and the key: another serial, sealed and signed anew.
        known = anchors(schema, desk.till_id)
        remake(schema, desk.till_id)
        out = tmp_path / "caisse.jsonl"
        assert export(schema, desk, out).returncode == 0

        assert verify(out).exit_code == 0
        checked = verify(out, *options_of(known))

        assert checked.exit_code == verify_archive.BROKEN
        assert "ticket 2: its hash is not that of the anchor given" in checked.stdout


def remake(schema: Schema, till_id: UUID) -> None:
    """Write every chain anew with the right key, after changing what the first ticket sold."""
    with connect_as_admin(schema) as admin:
        admin.execute("SET session_replication_role = 'replica'")
        ends: dict[str, dict[int, str]] = {}
        for kind in (Kind.TICKET, Kind.DUPLICATE, Kind.EVENT, Kind.ARCHIVE, Kind.GRAND_TOTAL):
            rows = admin.execute(
                "SELECT sequence, record FROM journal WHERE till_id = %s AND kind = %s"
                " ORDER BY sequence",
                (till_id, kind.value),
            ).fetchall()
            previous = journal.NOTHING
            for row in rows:
                record = row["record"].replace('"label":"Recharge', '"label":"RECHARGE')
                if kind is Kind.GRAND_TOTAL:
                    closing = json.loads(record)
                    for of, anchor in closing["anchors"].items():
                        anchor["hash"] = ends.get(of, {}).get(anchor["sequence"], "")
                    record = journal.canonical(closing)
                hash_ = journal.seal(record, previous_hash=previous)
                key_id, signature = KEYS.sign(hash_)
                admin.execute(
                    "UPDATE journal SET record = %s, previous_hash = %s, hash = %s, key_id = %s,"
                    " signature = %s WHERE till_id = %s AND kind = %s AND sequence = %s",
                    (
                        *(record, previous, hash_, key_id, signature),
                        *(till_id, kind.value, row["sequence"]),
                    ),
                )
                previous = hash_
                ends.setdefault(kind.value, {})[row["sequence"]] = hash_.hex()
