"""Writes `services/<name>/schema.sql`: what a service's migrations add up to, to read at a glance.

It is drawn from the catalogue of a migrated database, in an order that does not hang on the order
of the migrations or on PostgreSQL's version; a test holds the files against the migrations.  It is
for reading: a database is made by migrating.

    python -m deploy.schema URL     an administrator's URL of a migrated database
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from deploy.contracts import service_names

FOLDER = Path(__file__).resolve().parent.parent / "services"
Rows = psycopg.Connection[dict[str, Any]]

_TABLES = """
SELECT c.oid, c.relname AS name, c.reloptions AS options,
       c.relrowsecurity AS secured, c.relforcerowsecurity AS forced
  FROM pg_class AS c
 WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r'
 ORDER BY c.relname
"""
_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
       a.attidentity AS identity, pg_get_expr(d.adbin, d.adrelid) AS value
  FROM pg_attribute AS a
  LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = %(table)s AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT conname AS name, pg_get_constraintdef(oid) AS rule
  FROM pg_constraint
 WHERE conrelid = %(table)s AND contype IN ('p', 'u', 'c', 'f', 'x')
 ORDER BY array_position(ARRAY['p', 'u', 'c', 'f', 'x'], contype::text), conname
"""
_INDEXES = """
SELECT pg_get_indexdef(indexrelid) AS statement
  FROM pg_index
 WHERE indrelid = %(table)s
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
 ORDER BY 1
"""
_TRIGGERS = """
SELECT pg_get_triggerdef(oid) AS statement
  FROM pg_trigger
 WHERE tgrelid = %(table)s AND NOT tgisinternal
 ORDER BY tgname
"""
_POLICIES = """
SELECT polname AS name, pg_get_expr(polqual, polrelid) AS sees,
       pg_get_expr(polwithcheck, polrelid) AS writes
  FROM pg_policy
 WHERE polrelid = %(table)s
 ORDER BY polname
"""
_FUNCTIONS = """
SELECT pg_get_functiondef(oid) AS statement
  FROM pg_proc
 WHERE pronamespace = %(schema)s::regnamespace AND prokind = 'f'
 ORDER BY proname
"""


def draw(connection: Rows, service: str) -> str:
    """Return a service's schema as SQL, its names without the schema's own."""
    connection.execute("SELECT set_config('search_path', %s, false)", (f"{service}, public",))
    parts = [f"-- What the migrations of {service} add up to. Made by deploy/schema.py."]
    functions = connection.execute(_FUNCTIONS, {"schema": service}).fetchall()
    parts += [f"{row['statement'].rstrip()};" for row in functions]
    for table in connection.execute(_TABLES, {"schema": service}).fetchall():
        if table["name"] != "migration":
            parts.append("\n".join(_table(connection, table)))
    return "\n\n".join(parts).replace(f"{service}.", "") + "\n"


def _table(connection: Rows, table: dict[str, Any]) -> Iterator[str]:
    wanted = {"table": table["oid"]}
    lines = [_column(row) for row in connection.execute(_COLUMNS, wanted)]
    lines += [
        f"    CONSTRAINT {row['name']} {row['rule']}"
        for row in connection.execute(_CONSTRAINTS, wanted)
    ]
    options = f" WITH ({', '.join(table['options'])})" if table["options"] else ""
    yield f"CREATE TABLE {table['name']} (\n" + ",\n".join(lines) + f"\n){options};"
    for query in (_INDEXES, _TRIGGERS):
        yield from (f"{row['statement']};" for row in connection.execute(query, wanted))
    if table["secured"]:
        force = "ENABLE" if not table["forced"] else "FORCE"
        yield f"ALTER TABLE {table['name']} {force} ROW LEVEL SECURITY;"
    for row in connection.execute(_POLICIES, wanted):
        sees = f" USING ({row['sees']})" if row["sees"] else ""
        writes = f" WITH CHECK ({row['writes']})" if row["writes"] else ""
        yield f"CREATE POLICY {row['name']} ON {table['name']}{sees}{writes};"


def _column(row: dict[str, Any]) -> str:
    words = [row["name"], row["type"]]
    if row["identity"]:
        words.append("GENERATED ALWAYS AS IDENTITY")
    if row["value"] is not None:
        words.append(f"DEFAULT {row['value']}")
    if row["required"]:
        words.append("NOT NULL")
    return "    " + " ".join(words)


def write(admin_url: str, folder: Path = FOLDER) -> None:
    """Draw the schema of every service that the database holds."""
    with psycopg.connect(admin_url, row_factory=dict_row) as connection:
        for service in service_names():
            text = draw(connection, service)
            (folder / service / "schema.sql").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1])
