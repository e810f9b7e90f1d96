"""Columns of values as PostgreSQL array literals, for set-based statements.

psycopg writes a Python list element by element in Python; a batch of sales has some sixty columns.
The literal is one text, its type left to the statement: `%(totals)s::bigint[]`.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from uuid import UUID


def column(values: Iterable[object]) -> str:
    """Write values as an array literal; None is NULL, bytes are hexadecimal, the rest `str()`."""
    return "{" + ",".join([_WRITERS[type(value)](value) for value in values]) + "}"


def _text(value: object) -> str:
    text = str(value)
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _bytes(value: object) -> str:
    assert isinstance(value, bytes)  # noqa: S101  # that is what it is looked up by
    return f'"\\\\x{value.hex()}"'


class _Writers(dict[type, Callable[[object], str]]):
    """What writes a value, by its type."""

    def __missing__(self, kind: type) -> Callable[[object], str]:
        return _text


_WRITERS = _Writers(
    {
        # What is written of these holds nothing that needs quotes.
        **dict.fromkeys((bool, int, float, UUID, date, datetime), str),
        type(None): lambda _: "NULL",
        bytes: _bytes,
    }
)
