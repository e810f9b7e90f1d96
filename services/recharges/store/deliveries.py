"""A delivery on its way into the tables: rows as COPY takes them, written by hand.

psycopg would write them one value at a time, which takes longer than sealing a PIN; the form is
that of COPY ... FORMAT BINARY: each value behind its length.
"""

from collections.abc import Iterable
from uuid import UUID

from psycopg import errors

from chassis.db import Transaction
from services.recharges.store import SQL

#: What a serial or a PIN that we have already raises.
Twin = errors.UniqueViolation

COPY_BEGINS = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_ENDS = b"\xff\xff"
_COLUMNS = (7).to_bytes(2, "big")
_POSITION_BYTES = 8
#: The lengths of serials, boxes and indexes, written once.
_LENGTHS = [length.to_bytes(4, "big") for length in range(256)]


def voucher_rows(
    vouchers: Iterable[tuple[int, bytes, bytes, bytes]],
    *,
    batch_id: UUID,
    operator: str,
    key_id: str,
) -> bytes:
    """Write vouchers - position, serial, box, index - as the rows of `copy_vouchers`."""
    before = _COLUMNS + _value(batch_id.bytes) + _LENGTHS[_POSITION_BYTES]
    between = _value(operator.encode())
    key = _value(key_id.encode())
    parts: list[bytes] = []
    for position, serial, box, index in vouchers:
        parts += (
            before,
            position.to_bytes(_POSITION_BYTES, "big"),
            between,
            _LENGTHS[len(serial)],
            serial,
            key,
            _LENGTHS[len(box)],
            box,
            _LENGTHS[len(index)],
            index,
        )
    return b"".join(parts)


def find_known(
    tx: Transaction, vouchers: Iterable[tuple[int, str, bytes]], *, operator: str
) -> tuple[int, str, bool] | None:
    """Return the first of these - line, serial, index - that we have, and whether by its serial."""
    tx.execute(SQL["create_incoming"])
    with tx.cursor() as cursor, cursor.copy(SQL["copy_incoming"]) as copy:
        copy.set_types(["int8", "text", "bytea"])
        for voucher in vouchers:
            copy.write_row(voucher)
    row = tx.execute(SQL["find_known_voucher"], {"operator": operator}).fetchone()
    return None if row is None else (row["line_no"], row["serial"], row["same_serial"])


def _value(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw
