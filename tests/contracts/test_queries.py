"""Every named query is understood by PostgreSQL on the migrated schema, and is used."""

import re

import pytest

from chassis import personal, queries
from deploy.contracts import service_names
from deploy.local.home import ROOT
from tests.fix_stack import TxOf

SERVICES = [name for name in service_names() if any((ROOT / "services" / name).glob("queries*"))]
#: What PREPARE does not take; running it is what its own tests do.
UNPREPARED = ("COPY", "CREATE TEMPORARY")


def numbered(query: str) -> str:
    """The query with $1, $2 ... in place of its named parameters."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", query)))
    text = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", query)
    return text.replace("%%", "%").rstrip().rstrip(";")


@pytest.mark.parametrize("service", SERVICES)
class TestQueries:
    def test_prepare_on_the_migrated_schema(self, service: str, tx_of: TxOf) -> None:
        tx = tx_of(service)
        prepared = 0
        for name, query in queries.load(f"services.{service}").items():
            if query.startswith(UNPREPARED) or "incoming" in query:
                continue
            tx.execute(f"PREPARE q_{name} AS {numbered(query)}".encode())
            prepared += 1
        assert prepared > 0

    def test_are_all_used(self, service: str) -> None:
        code = "".join(
            path.read_text(encoding="utf-8") for path in (ROOT / "services" / service).rglob("*.py")
        )
        unused = [
            name
            for name in queries.load(f"services.{service}")
            if f'"{name}"' not in code and not name.startswith((personal.HELD, personal.BLANKED))
        ]
        assert unused == []
