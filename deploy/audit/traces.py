"""Looks for what was erased: the traces of erased people, in every text of every schema.

The audit knows no name: it digests each word it meets as referrals did with those it erased
(services/referrals/domain/trace.py), and finds a person where all words of their name, their phone
number or their e-mail stand in one row.  What is misspelt, cut, encoded or in a picture it does not
find; and a name that somebody who is known today has too is nobody's trace.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg import sql

from chassis import queries
from services.referrals.domain.person import Identity
from services.referrals.domain.trace import Digest, is_found, parts_of, traces_of, words_in

Rows = psycopg.Connection[dict[str, Any]]
SQL = queries.load("deploy.audit")
_HEX = "\\\\x"


def look_for_erased(
    connection: Rows, *, schemas: Iterable[str], digest: Digest
) -> tuple[int, list[str]]:
    """Return how many rows were examined, and the places of those that hold what was erased."""
    wanted = _wanted(connection, digest=digest)
    if not wanted:
        return 0, []
    known: dict[str, bytes | None] = {}
    parts = {part for trace in wanted for part in parts_of(trace)}

    def part_of(word: str) -> bytes | None:
        if word not in known:
            digested = digest(word)
            known[word] = digested if digested in parts else None
        return known[word]

    examined = 0
    broken: list[str] = []
    for columns in _text_columns(connection, schemas):
        for place, *row in _texts(connection, columns):
            examined += 1
            met = {part for text in row for word in words_in(text) if (part := part_of(word))}
            if met and any(is_found(trace, digests=met) for trace in wanted):
                broken.append(f"{columns['table_schema']}.{columns['table_name']} {place}")
    return examined, broken


def _wanted(connection: Rows, *, digest: Digest) -> set[bytes]:
    """The traces of erased people, without those of people who are known today."""
    erased = {
        bytes(trace)
        for row in connection.execute(SQL["traces_of_the_erased"])
        for trace in row["traces"]
    }
    living = {
        trace
        for row in connection.execute(SQL["identities"])
        for trace in traces_of(Identity(**row), digest=digest)
    }
    return erased - living


def _text_columns(connection: Rows, schemas: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    yield from connection.execute(SQL["text_columns"], {"schemas": list(schemas)}).fetchall()


def _texts(connection: Rows, columns: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the place of each row of a table, and its texts; bytes as the text they may be."""
    query = sql.SQL("COPY (SELECT ctid, {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(sql.Identifier(name) for name in columns["columns"]),
        sql.Identifier(columns["table_schema"], columns["table_name"]),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:
            yield [_decoded(field) for field in bytes(line).decode().rstrip("\n").split("\t")]


def _decoded(field: str) -> str:
    if field.startswith(_HEX):
        return bytes.fromhex(field.removeprefix(_HEX)).decode(errors="ignore")
    return field
