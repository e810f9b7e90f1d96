"""Drawer sessions and their tills, as rows."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from chassis.db import Transaction
from services.recharges.domain import drawer
from services.recharges.domain.drawer import DrawerSessionUnknown
from services.recharges.domain.sale import TillUnknown
from services.recharges.store import SQL

Row = dict[str, Any]


def lock_till(tx: Transaction, till_id: UUID) -> Row:
    """Lock a till: all that touches its drawer, journal or closings waits for its turn here."""
    row = tx.execute(SQL["lock_tills"], {"till_ids": [till_id]}).fetchone()
    if row is None:
        raise TillUnknown(till_id=till_id)
    return row


def find_till(tx: Transaction, till_id: UUID) -> Row:
    """Read a till, or refuse."""
    row = tx.execute(SQL["find_till"], {"till_id": till_id}).fetchone()
    if row is None:
        raise TillUnknown(till_id=till_id)
    return row


def find_drawer(tx: Transaction, drawer_session_id: UUID) -> Row:
    """Read a drawer session, or refuse."""
    row = tx.execute(SQL["find_drawer"], {"drawer_session_id": drawer_session_id}).fetchone()
    if row is None:
        raise DrawerSessionUnknown(drawer_session_id=drawer_session_id)
    return row


def lock_drawer(tx: Transaction, drawer_session_id: UUID) -> tuple[Row, Row]:
    """Lock the till of a session; return the till and the session as it now stands."""
    till = lock_till(tx, find_drawer(tx, drawer_session_id)["till_id"])
    return till, find_drawer(tx, drawer_session_id)


def takings(tx: Transaction, session: Row) -> Row:
    """Read what was taken in during a session, in cash and by card."""
    row = tx.execute(
        SQL["find_takings"],
        {
            "drawer_session_id": session["drawer_session_id"],
            "till_id": session["till_id"],
            "opened_on": session["business_date"],
            "opened_at": session["opened_at"],
            "counted_at": session["counted_at"],
        },
    ).fetchone()
    assert row is not None  # noqa: S101  # sums are always one row
    return row


def expected(tx: Transaction, session: Row) -> int:
    """Return what a drawer must hold: its float and all of its cash lines."""
    cash_cents: int = takings(tx, session)["cash_cents"]
    return int(session["float_cents"]) + cash_cents


def handovers(tx: Transaction, session: Row) -> list[Row]:
    """Read to whom a drawer went, in order."""
    asked = {"drawer_session_id": session["drawer_session_id"]}
    return tx.execute(SQL["find_handovers"], asked).fetchall()


def movements(tx: Transaction, session: Row) -> list[Row]:
    """Read what was put into a drawer and taken out, in order."""
    asked = {"drawer_session_id": session["drawer_session_id"]}
    return tx.execute(SQL["find_movements"], asked).fetchall()


def account(tx: Transaction, session: Row) -> dict[str, Any]:
    """Return what the journal keeps of a counted drawer."""
    return drawer.account(
        session, handovers=handovers(tx, session), movements=movements(tx, session)
    )


def open_drawer(
    tx: Transaction,
    till: Row,
    *,
    drawer_session_id: UUID,
    pieces: Mapping[str, int],
    on: date,
    at: datetime,
    by: UUID,
) -> None:
    """Write a session with its counted float, and give it to the till."""
    tx.execute(
        SQL["open_drawer"],
        {
            "drawer_session_id": drawer_session_id,
            "till_id": till["till_id"],
            "site_code": till["site_code"],
            "business_date": on,
            "float": Json(dict(pieces)),
            "float_cents": drawer.worth(drawer.pieces(pieces)),
            "opened_at": at,
            "opened_by": by,
        },
    )
    give_till_its_drawer(tx, till, drawer_session_id=drawer_session_id, opened_on=on)


def give_till_its_drawer(
    tx: Transaction,
    till: Row,
    *,
    drawer_session_id: UUID | None,
    opened_on: date | None,
    counted: bool = False,
    held_by: UUID | None = None,
) -> None:
    """Say on the till's row which session is open there, whether it was counted and whose it is."""
    tx.execute(
        SQL["give_till_its_drawer"],
        {
            "till_id": till["till_id"],
            "drawer_session_id": drawer_session_id,
            "opened_on": opened_on,
            "counted": counted,
            "held_by": held_by,
        },
    )


def count_drawer(
    tx: Transaction,
    session: Row,
    *,
    pieces: Mapping[str, int],
    expected_cents: int,
    by: UUID,
    at: datetime,
) -> None:
    """Write what was found in a drawer, once."""
    tx.execute(
        SQL["count_drawer"],
        {
            "drawer_session_id": session["drawer_session_id"],
            "counted": Json(dict(pieces)),
            "counted_cents": drawer.worth(drawer.pieces(pieces)),
            "counted_at": at,
            "counted_by": by,
            "expected_cents": expected_cents,
        },
    )


def rule(tx: Transaction, name: str, *, on: date) -> str:
    """Read a setting of the house on a day."""
    row = tx.execute(SQL["find_rule"], {"name": name, "on": on}).fetchone()
    if row is None:
        raise LookupError(f"no rule {name} on {on}")
    value: str = row["value"]
    return value
