"""`relais verify-archive`: what a person reads, and that neither database nor network is asked."""

import ast
import inspect
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from chassis import texts
from deploy import verify_archive
from deploy.local.home import ROOT
from services.recharges.domain import archive, closing, journal, verification, windows
from services.recharges.domain.journal import Kind, TicketType
from tests.recharges.archives import KEYS, TILL, a_day_and_more

#: The functions that are given a sentence for a person, in the modules that find something.
_TELLING = {"_tell", "add", "say", "Unreadable"}
MODULES = (archive, closing, journal, verification, windows, verify_archive)
PUBLIC = urlsafe_b64encode(KEYS.public_keys()["2026"]).decode().rstrip("=")
#: Run before the command: any step towards a database or another machine ends it.
BLOCKED = """
import sys, socket
sys.modules["psycopg"] = None
def refuse(*_, **__):
    raise RuntimeError("the network was asked")
socket.socket.connect = socket.getaddrinfo = refuse
from deploy.command import main
main(sys.argv[1:])
"""


def check(file: Path, *options: str) -> Result:
    return CliRunner().invoke(verify_archive.app, [str(file), *options])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "caisse.jsonl"
    path.write_bytes(b"".join(a_day_and_more().write()))
    return path


@pytest.fixture
def broken(file: Path) -> Path:
    file.write_bytes(file.read_bytes().replace(b"sfr-15", b"sfr-16", 1))
    return file


class TestVerifyArchive:
    def test_says_that_a_whole_archive_is_whole_and_whose_word_that_is(self, file: Path) -> None:
        result = check(file)

        assert result.exit_code == 0
        assert result.stdout.splitlines()[-1].startswith(
            "INTÈGRE, SOUS 2 RÉSERVES : rien de ce qui"
        )
        assert archive.fingerprint(KEYS.public_keys()["2026"]) in result.stdout
        assert "Réserve : Ces clés ne sont attestées que par le fichier" in result.stdout
        assert "Réserve : Aucune ancre n'a été donnée" in result.stdout
        assert "Tickets qu'aucune clôture n'a encore clos : 1." in result.stdout

    def test_reads_records_that_were_written_when_they_still_said_why(self, file: Path) -> None:
        till = a_day_and_more()
        sold = {"till_id": str(TILL), "ticket_no": 1, "sale_id": str(UUID(int=1))}
        back: dict[str, Any] = {
            "type": TicketType.REFUND,
            "original": sold | {"reason": "erreur d'offre"},
        }
        till.sell(-1, **back)
        head = till.next(Kind.DUPLICATE)
        said = json.loads(till.chains[Kind.DUPLICATE][0].record)
        old = said | {"sequence": head["sequence"], "copy_no": 2, "reason": "papier perdu"}
        till.add(Kind.DUPLICATE, journal.canonical(old))
        file.write_bytes(b"".join(till.write()))

        assert b"erreur d'offre" in file.read_bytes()
        assert check(file).exit_code == 0, check(file).stdout

    def test_names_the_record_that_was_changed(self, broken: Path) -> None:
        result = check(broken, "--language", "en")

        assert result.exit_code == verify_archive.BROKEN
        assert "5: ticket 1: its content is not what was sealed\n" in result.stdout
        assert "BROKEN. Findings: 2; shown here: 2.\n" in result.stdout

    def test_believes_a_key_and_an_anchor_given_from_outside(self, file: Path) -> None:
        last = a_day_and_more().chains[Kind.GRAND_TOTAL][-1]
        anchor = f"grand_total:3:{last.hash.hex()[:16]}"
        result = check(file, "--anchor", anchor, "--key", f"2026:{PUBLIC}")

        assert result.exit_code == 0
        assert "Réserve" not in result.stdout
        last_line = result.stdout.splitlines()[-1]
        assert last_line == "INTÈGRE : rien n'a été modifié, retiré, ajouté ni déplacé."
        assert check(file, "--anchor", f"grand_total:3:{'0' * 16}").exit_code == 1
        assert check(file, "--key", f"2025:{PUBLIC}").exit_code == 1

    @pytest.mark.parametrize(
        "options", [("--anchor", "ticket:1:abc"), ("--key", "2026:abc"), ("--key", "2026")]
    )
    def test_does_not_guess_what_an_option_means(
        self, file: Path, options: tuple[str, str]
    ) -> None:
        assert check(file, *options).exit_code == 2

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{}\n", b"a" * (1 << 21)])
    def test_says_in_one_sentence_that_it_cannot_read_something_else(
        self, tmp_path: Path, content: bytes
    ) -> None:
        other = tmp_path / "autre"
        other.write_bytes(content)
        result = check(other)

        assert result.exit_code == verify_archive.UNREADABLE
        assert result.stderr.startswith("relais: Le fichier ne peut pas être lu")
        assert result.stderr.count("\n") == 1

    def test_says_that_there_is_no_such_file(self, tmp_path: Path) -> None:
        assert check(tmp_path / "none").exit_code == 2

    def test_asks_neither_database_nor_network(self, broken: Path) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RELAIS_", "DATABASE_", "AMQP_", "PG"))
        }
        run = subprocess.run(
            [sys.executable, "-c", BLOCKED, "verify-archive", str(broken)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

        assert (run.returncode, run.stderr) == (verify_archive.BROKEN, "")
        assert "ticket 1" in run.stdout

    def test_says_everything_in_french(self) -> None:
        sentences = {sentence for module in MODULES for sentence in sentences_of(module)}
        untranslated = {
            sentence
            for sentence in sentences
            if texts.translate(sentence, language="fr", service="recharges") == sentence
        }

        assert len(sentences) > 50
        # What only a programmer can get wrong: it is never in a record that was sealed.
        assert untranslated == {
            "names are ASCII texts",
            "numbers are below 2**53",
            "details are texts, whole numbers, lists and objects",
        }


def sentences_of(module: ModuleType) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        said: ast.expr | None = None
        if isinstance(node, ast.Yield):
            said = node.value
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            said = node.args[0] if name in _TELLING else None
        elif isinstance(node, ast.keyword) and node.arg == "what":
            said = node.value
        if isinstance(said, ast.Constant) and isinstance(said.value, str):
            found.add(said.value)
    return found
