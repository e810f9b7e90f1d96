"""Drawer sessions: a counted float, movements, a handover, an X, a blind count and its approval."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from chassis import outbox
from chassis.db import Transaction
from services.recharges import events
from services.recharges.api import drawers as api
from services.recharges.domain import drawer
from services.recharges.domain.drawer import (
    ApprovalByTheCounter,
    ApprovalNotAwaited,
    CashOutNeedsSupervisor,
    DrawerAwaitsApproval,
    DrawerCountedAlready,
    DrawerOpenAlready,
    HandoverNotYours,
    HandoverToTheHolder,
    State,
)
from services.recharges.domain.journal import Event
from services.recharges.domain.sale import TillFrozen, TillRevoked
from services.recharges.handlers import closings
from services.recharges.handlers.journalling import Pen, note
from services.recharges.store import SQL
from services.recharges.store import drawers as store

Row = dict[str, Any]
_RULE = "gap_alone_max_cents"
_OUT_RULE = "cash_out_alone_max_cents"


def open_drawer(
    tx: Transaction, till: Row, *, pieces: Mapping[str, int], by: UUID, pen: Pen
) -> api.DrawerOpened:
    """Open a till's drawer with a float that was counted; the till's row is locked."""
    if till["state"] != "active":
        raise TillRevoked()
    if till["frozen_at"] is not None:
        raise TillFrozen()
    if till["drawer_session_id"] is not None:
        raise DrawerOpenAlready(opened_on=till["drawer_opened_on"])
    session_id = pen.new_id()
    float_cents = drawer.worth(drawer.pieces(pieces))
    store.open_drawer(
        tx, till, drawer_session_id=session_id, pieces=pieces, on=pen.today, at=pen.now, by=by
    )
    details = {"drawer_session_id": str(session_id), "float_cents": int(float_cents)}
    note(tx, till, Event.DRAWER_OPENED, details, pen=pen)
    fact = events.TillOpened(
        drawer_session_id=session_id,
        till_id=till["till_id"],
        business_date=pen.today,
        opening="counted",
        float_cents=float_cents,
    )
    told = fact.tell(id=pen.new_id(), subject=str(session_id), site=till["site_code"], at=pen.now)
    outbox.append(tx, [told])
    return api.DrawerOpened(
        drawer_session_id=session_id,
        till_id=till["till_id"],
        business_date=pen.today,
        float_cents=float_cents,
        opened_at=pen.now,
    )


def move_cash(
    tx: Transaction,
    till: Row,
    session: Row,
    asked: api.MoveCash,
    *,
    by: UUID,
    is_supervisor: bool,
    pen: Pen,
) -> api.CashMoved:
    """Put cash into an open drawer, or take some out, and say why."""
    _require_open(session)
    drawer.require_holder(till["drawer_held_by"], by=by, is_supervisor=is_supervisor)
    if asked.kind == "out" and not is_supervisor:
        max_cents = int(store.rule(tx, _OUT_RULE, on=pen.today))
        if asked.amount_cents > max_cents:
            raise CashOutNeedsSupervisor(max_cents=max_cents)
    amount = asked.amount_cents if asked.kind == "in" else -asked.amount_cents
    row = tx.execute(
        SQL["move_cash"],
        {
            "till_id": till["till_id"],
            "site_code": till["site_code"],
            "business_date": pen.today,
            "recorded_at": pen.now,
            "kind": asked.kind,
            "amount_cents": amount,
            "drawer_session_id": session["drawer_session_id"],
            "recorded_by": by,
            "purpose": asked.purpose,
            "reason": asked.reason,
        },
    ).fetchall()[0]
    details = {
        "drawer_session_id": str(session["drawer_session_id"]),
        "amount_cents": amount,
        "purpose": asked.purpose,
        "reason": asked.reason,
    }
    note(tx, till, Event.DRAWER_MOVED, details, pen=pen)
    fact = events.CashMoved(
        cash_line_id=row["cash_line_id"],
        drawer_session_id=session["drawer_session_id"],
        till_id=till["till_id"],
        business_date=pen.today,
        purpose=asked.purpose,
        amount_cents=amount,
    )
    subject = str(session["drawer_session_id"])
    outbox.append(
        tx, [fact.tell(id=pen.new_id(), subject=subject, site=till["site_code"], at=pen.now)]
    )
    return api.CashMoved(
        kind=asked.kind,
        amount_cents=amount,
        purpose=asked.purpose,
        reason=asked.reason,
        recorded_at=pen.now,
        recorded_by=by,
    )


def hand_over(
    tx: Transaction,
    till: Row,
    session: Row,
    asked: api.HandOver,
    *,
    by: UUID,
    is_supervisor: bool,
    pen: Pen,
) -> api.HandedOver:
    """Give an open drawer to another person, counted: from now on it is theirs alone to use."""
    _require_open(session)
    if by != session["held_by"] and not is_supervisor:
        raise HandoverNotYours()
    if asked.to_user == session["held_by"]:
        raise HandoverToTheHolder()
    counted, expected = drawer.worth(drawer.pieces(asked.counted)), store.expected(tx, session)
    handover_id = pen.new_id()
    tx.execute(
        SQL["hand_over_drawer"],
        {
            "handover_id": handover_id,
            "drawer_session_id": session["drawer_session_id"],
            "till_id": till["till_id"],
            "from_user": session["held_by"],
            "to_user": asked.to_user,
            "at": pen.now,
            "counted": Json(asked.counted),
            "counted_cents": counted,
            "expected_cents": expected,
            "handed_by": by,
        },
    )
    details = {
        "drawer_session_id": str(session["drawer_session_id"]),
        "handed_from": str(session["held_by"]),
        "handed_to": str(asked.to_user),
        "expected_cents": expected,
        "counted_cents": int(counted),
    }
    note(tx, till, Event.DRAWER_COUNTED, details, pen=pen)
    return api.HandedOver(
        handover_id=handover_id,
        held_by=asked.to_user,
        counted_cents=counted,
        expected_cents=expected if is_supervisor else None,
        gap_cents=counted - expected if is_supervisor else None,
    )


def close_drawer(
    tx: Transaction,
    till: Row,
    session: Row,
    *,
    counted: Mapping[str, int],
    by: UUID,
    is_supervisor: bool,
    pen: Pen,
) -> api.DrawerCounted:
    """Take the blind count of a drawer; close it, and the till's day, unless the gap is too large.

    The count stays as it was given, whatever follows.
    """
    drawer.move(State(session["state"]), State.COUNTED)
    drawer.require_holder(till["drawer_held_by"], by=by, is_supervisor=is_supervisor)
    expected = store.expected(tx, session)
    store.count_drawer(tx, session, pieces=counted, expected_cents=expected, by=by, at=pen.now)
    session = store.find_drawer(tx, session["drawer_session_id"])
    details = {
        "drawer_session_id": str(session["drawer_session_id"]),
        "expected_cents": expected,
        "counted_cents": session["counted_cents"],
        "gap_cents": session["gap_cents"],
    }
    note(tx, till, Event.DRAWER_COUNTED, details, pen=pen)
    alone_max_cents = int(store.rule(tx, _RULE, on=pen.today))
    if drawer.needs_approval(session["gap_cents"], alone_max_cents=alone_max_cents):
        _wait(tx, till, session)
        return _counted(session, closing=None, waits_for="approval")
    return _finish(tx, till, session, pen=pen)


def approve_drawer(
    tx: Transaction, till: Row, session: Row, *, reason: str, by: UUID, pen: Pen
) -> api.DrawerCounted:
    """Close a counted drawer whose gap was too large for the person who counted it."""
    if session["state"] != State.COUNTED:
        raise ApprovalNotAwaited()
    if by == session["counted_by"]:
        raise ApprovalByTheCounter()
    tx.execute(
        SQL["approve_drawer"],
        {
            "drawer_session_id": session["drawer_session_id"],
            "approved_by": by,
            "approved_at": pen.now,
            "reason": reason,
        },
    )
    details = {
        "drawer_session_id": str(session["drawer_session_id"]),
        "gap_cents": session["gap_cents"],
        "reason": reason,
    }
    note(tx, till, Event.DRAWER_APPROVED, details, pen=pen)
    session = store.find_drawer(tx, session["drawer_session_id"])
    return _finish(tx, till, session, pen=pen)


def _wait(tx: Transaction, till: Row, session: Row) -> None:
    store.give_till_its_drawer(
        tx,
        till,
        drawer_session_id=session["drawer_session_id"],
        opened_on=session["business_date"],
        counted=True,
        held_by=till["drawer_held_by"],
    )


def _finish(tx: Transaction, till: Row, session: Row, *, pen: Pen) -> api.DrawerCounted:
    """Make the Z and let the till go; a broken journal keeps the session as it was counted."""
    made = closings.close_day(
        tx,
        till,
        on=session["business_date"],
        pen=pen,
        session=session,
    )
    if not made.closings:
        _wait(tx, till, session)
        return _counted(session, closing=None, waits_for="inspection")
    tx.execute(
        SQL["close_drawer"],
        {"drawer_session_id": session["drawer_session_id"], "closed_at": pen.now},
    )
    store.give_till_its_drawer(tx, till, drawer_session_id=None, opened_on=None)
    fact = events.DrawerClosed(
        drawer_session_id=session["drawer_session_id"],
        till_id=till["till_id"],
        business_date=session["business_date"],
        float_cents=session["float_cents"],
        expected_cents=session["expected_cents"],
        counted_cents=session["counted_cents"],
        gap_cents=session["gap_cents"],
    )
    told = fact.tell(
        id=pen.new_id(),
        subject=str(session["drawer_session_id"]),
        site=till["site_code"],
        at=pen.now,
    )
    outbox.append(tx, [told])
    session = store.find_drawer(tx, session["drawer_session_id"])
    return _counted(session, closing=made.closings[0], waits_for=None)


def _counted(session: Row, *, closing: Row | None, waits_for: Any) -> api.DrawerCounted:
    return api.DrawerCounted(
        drawer_session_id=session["drawer_session_id"],
        state="closed" if session["closed_at"] else "counted",
        expected_cents=session["expected_cents"],
        counted_cents=session["counted_cents"],
        gap_cents=session["gap_cents"],
        closing_no=closing and closing["closing_no"],
        closing_id=closing and closing["closing_id"],
        waits_for=waits_for,
    )


def _require_open(session: Row) -> None:
    if session["state"] == State.COUNTED:
        raise DrawerAwaitsApproval()
    if session["state"] != State.OPEN:
        raise DrawerCountedAlready()


def read_drawer(tx: Transaction, session: Row, *, is_supervisor: bool) -> api.DrawerRead:
    """Return an X; what must be in an open drawer is told to a supervisor only."""
    sees = is_supervisor or session["state"] != State.OPEN
    takings = store.takings(tx, session)
    return api.DrawerRead(
        drawer_session_id=session["drawer_session_id"],
        till_id=session["till_id"],
        business_date=session["business_date"],
        state=session["state"],
        opened_at=session["opened_at"],
        opened_by=session["opened_by"],
        held_by=session["held_by"],
        float_cents=session["float_cents"],
        movements=[api.CashMoved(**row) for row in store.movements(tx, session)],
        handovers=[_handed(row, sees=sees) for row in store.handovers(tx, session)],
        expected_cents=session["float_cents"] + takings["cash_cents"] if sees else None,
        cash_sales_cents=takings["cash_sales_cents"] if sees else None,
        cash_refunds_cents=takings["cash_refunds_cents"] if sees else None,
        card_sales_cents=takings["card_sales_cents"] if sees else None,
        card_refunds_cents=takings["card_refunds_cents"] if sees else None,
    )


def _handed(row: Row, *, sees: bool) -> api.HandoverShown:
    return api.HandoverShown(
        from_user=row["from_user"],
        to_user=row["to_user"],
        handed_by=row["handed_by"],
        handed_at=row["at"],
        counted_cents=row["counted_cents"],
        expected_cents=row["expected_cents"] if sees else None,
    )


def show_drawers(tx: Transaction, query: api.DrawersOf) -> list[api.DrawerShown]:
    """Return a site's sessions with their gaps, one more than the page holds."""
    rows = tx.execute(
        SQL["drawers_of_site"],
        {
            "site_code": query.site_code,
            "from_on": query.from_on,
            "until_on": query.until_on,
            "after": query.after,
            "limit": query.limit,
        },
    )
    return [api.DrawerShown(**row) for row in rows]
