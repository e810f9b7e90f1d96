"""Columns of values as PostgreSQL array literals, for set-based statements.

psycopg writes a Python list element by element in Python; a batch of sales has some sixty columns.
The literal is one text, its type left to the statement: `%(totals)s::bigint[]`.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from uuid import UUID


def column(values: Iterable[object]) -> str:
    """Write values as an array literal; None is NULL, bytes are hexadecimal, the rest `str()`."""
    listed = list(values)
    kinds = set(map(type, listed))
    write = _WRITERS.get(kinds.pop(), _text) if len(kinds) == 1 else _element
    return "{" + ",".join(map(write, listed)) + "}"


def _element(value: object) -> str:
    return _WRITERS.get(type(value), _text)(value)


def _text(value: object) -> str:
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _bytes(value: object) -> str:
    assert isinstance(value, bytes)  # noqa: S101  # that is what it is looked up by
    return f'"\\\\x{value.hex()}"'


#: What is written of these types holds nothing that needs quotes.
_WRITERS: dict[type, Callable[[object], str]] = {
    type(None): lambda _: "NULL",
    **dict.fromkeys((bool, int, float, UUID, date, datetime), str),
    bytes: _bytes,
}
