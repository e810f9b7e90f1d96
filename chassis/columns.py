"""Columns of values as PostgreSQL array literals, for set-based statements.

psycopg writes a Python list element by element in Python; a batch of sales has some sixty columns.
The literal is one text, its type left to the statement: `%(totals)s::bigint[]`.
"""

from collections.abc import Iterable

_PLAIN = (int, float)


def column(values: Iterable[object]) -> str:
    """Write values as an array literal; None is NULL, bytes are hexadecimal, the rest `str()`."""
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, _PLAIN):
        return str(value)
    if isinstance(value, bytes):
        return '"\\\\x' + value.hex() + '"'
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
