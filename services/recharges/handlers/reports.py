"""What a drawer's X and Z and the closings of a till say, on screen and on paper."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from kernel.money import Cents
from kernel.version import VERSION
from services.recharges.api import closings as api
from services.recharges.domain import drawer
from services.recharges.domain.closing import ClosingHidden, ClosingUnknown
from services.recharges.domain.drawer import State
from services.recharges.domain.journal import Kind, Period
from services.recharges.domain.report import (
    Anchor,
    Approval,
    ClosingReport,
    Denomination,
    DrawerMovement,
    DrawerReport,
    Handover,
    LateTickets,
    Place,
    ReportKind,
    Takings,
    TicketWindow,
)
from services.recharges.domain.ticket import Reprint, VatShare
from services.recharges.handlers.closings import Made
from services.recharges.store import SQL, chains, staff
from services.recharges.store import closings as closing_rows
from services.recharges.store import drawers as drawer_rows

Row = dict[str, Any]
Report = DrawerReport | ClosingReport
_HASH_DIGITS = 16
_CODE_DIGITS = 8


def code_of(user_id: UUID) -> str:
    """Return the short code that stands for a member of staff on paper."""
    return user_id.hex[-_CODE_DIGITS:]


class _Staff:
    """Members of staff as a paper of the house names them: `Awa D. 1a2b3c4d`."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __call__(self, user_id: UUID) -> str:
        """Name one by the code, behind what colleagues call them where that is known."""
        name = staff.find_name(self._tx, user_id)
        return code_of(user_id) if name is None else f"{name} {code_of(user_id)}"


def find_closing(tx: Transaction, closing_id: UUID) -> Row:
    """Read a closing, or refuse."""
    row = tx.execute(SQL["find_closing"], {"closing_id": closing_id}).fetchone()
    if row is None:
        raise ClosingUnknown(closing_id=closing_id)
    return row


def require_seen(closing: Row, *, is_supervisor: bool) -> None:
    """Refuse who would learn what must be in a drawer that they have yet to count."""
    if closing["is_hidden"] and not is_supervisor:
        raise ClosingHidden()


def report_of_closing(
    tx: Transaction,
    closing: Row,
    *,
    now: datetime,
    by: UUID,
    reprint: Reprint | None = None,
    is_shown: bool = False,
) -> Report:
    """Return a closing as it is printed: the Z of its drawer, where it has one."""
    place = _place(tx, closing, now=now, by=by, reprint=reprint, is_shown=is_shown)
    record = _record(tx, closing)
    if closing["drawer_session_id"] is not None:
        session = drawer_rows.find_drawer(tx, closing["drawer_session_id"])
        return _report(tx, session, closing, record, place=place, sees=True)
    said = record["said"]
    return ClosingReport(
        place=place,
        period=Period(closing["period"]),
        period_on=closing["period_on"],
        closing_no=closing["closing_no"],
        closed_at=closing["closed_at"],
        closed_by_code=None if closing["closed_by"] is None else _Staff(tx)(closing["closed_by"]),
        sale_count=said["sale_count"],
        refund_count=said["refund_count"],
        sold_cents=Cents(said["sold_cents"]),
        refunded_cents=Cents(said["refunded_cents"]),
        by_tender=tuple(sorted(said["by_tender"].items())),
        vat=tuple(
            VatShare(rate=rate, net_cents=share["net_cents"], tax_cents=share["tax_cents"])
            for rate, share in sorted(said["by_vat"].items())
        ),
        perpetual_real_cents=closing["perpetual_real_cents"],
        perpetual_absolute_cents=closing["perpetual_absolute_cents"],
        **_of_closing(closing, record),
    )


def report_of_drawer(
    tx: Transaction, session: Row, *, now: datetime, by: UUID, is_supervisor: bool
) -> Report:
    """Return the X of a session; once it is closed, a look at its Z."""
    asked = {"drawer_session_id": session["drawer_session_id"]}
    closing = tx.execute(SQL["find_closing_of_drawer"], asked).fetchone()
    if closing is not None:
        return report_of_closing(tx, closing, now=now, by=by, is_shown=True)
    place = _place(tx, session, now=now, by=by)
    sees = is_supervisor or session["state"] != State.OPEN
    return _report(tx, session, None, None, place=place, sees=sees)


def _place(
    tx: Transaction,
    at: Row,
    *,
    now: datetime,
    by: UUID,
    reprint: Reprint | None = None,
    is_shown: bool = False,
) -> Place:
    names = tx.execute(SQL["find_names_of_place"], {"till_id": at["till_id"]}).fetchone()
    assert names is not None  # noqa: S101  # a session's or a closing's till is there
    return Place(
        **names,
        printed_at=now,
        printed_by_code=_Staff(tx)(by),
        software_version=VERSION,
        reprint=reprint,
        is_shown=is_shown,
    )


def _report(
    tx: Transaction,
    session: Row,
    closing: Row | None,
    record: Row | None,
    *,
    place: Place,
    sees: bool,
) -> DrawerReport:
    named = _Staff(tx)
    return DrawerReport(
        kind=ReportKind.X if closing is None else ReportKind.Z,
        report_no=closing["closing_no"] if closing else None,
        place=place,
        business_date=session["business_date"],
        opened_at=session["opened_at"],
        opened_by_code=named(session["opened_by"]),
        held_by_code=named(session["held_by"]),
        opening=_pieces(session["float"]),
        movements=tuple(
            DrawerMovement(
                amount_cents=row["amount_cents"],
                reason=row["reason"],
                recorded_at=row["recorded_at"],
                by_code=named(row["recorded_by"]),
            )
            for row in drawer_rows.movements(tx, session)
        ),
        handovers=tuple(
            _handover(row, sees=sees, named=named) for row in drawer_rows.handovers(tx, session)
        ),
        takings=_takings(tx, session, closing) if sees else None,
        **(_of_count(session, named=named) if closing else {}),
        **(_of_closing(closing, record) if closing and record else {}),
    )


def _handover(row: Row, *, sees: bool, named: _Staff) -> Handover:
    by_other = row["handed_by"] not in (None, row["from_user"])
    return Handover(
        at=row["at"],
        from_code=named(row["from_user"]),
        to_code=named(row["to_user"]),
        counted_cents=row["counted_cents"],
        expected_cents=row["expected_cents"] if sees else None,
        by_code=named(row["handed_by"]) if by_other else None,
    )


def _of_count(session: Row, *, named: _Staff) -> dict[str, Any]:
    """What only a Z says of its drawer: the count, and who accepted the gap."""
    approved = session["approved_by"] is not None
    return {
        "counted": _pieces(session["counted"]),
        "counted_by_code": named(session["counted_by"]),
        "counted_at": session["counted_at"],
        "approval": Approval(
            by_code=named(session["approved_by"]),
            reason=session["reason"],
            at=session["approved_at"],
        )
        if approved
        else None,
    }


def _pieces(counted: Mapping[str, int]) -> tuple[Denomination, ...]:
    return tuple(
        Denomination(value_cents=Cents(value), count=count)
        for value, count in drawer.pieces(counted).items()
        if count
    )


def _takings(tx: Transaction, session: Row, closing: Row | None) -> Takings:
    taken = drawer_rows.takings(tx, session)
    last = closing or closing_rows.perpetual(tx, session["till_id"])
    return Takings(
        cash_sales_cents=taken["cash_sales_cents"],
        cash_refunds_cents=taken["cash_refunds_cents"],
        card_sales_cents=taken["card_sales_cents"],
        card_refunds_cents=taken["card_refunds_cents"],
        perpetual_real_cents=last["perpetual_real_cents"],
        perpetual_absolute_cents=last["perpetual_absolute_cents"],
    )


def _record(tx: Transaction, closing: Row) -> Row:
    """Read the sealed record of a closing."""
    (record,) = chains.read(
        tx,
        closing["till_id"],
        Kind.GRAND_TOTAL,
        from_sequence=closing["record_sequence"],
        until_sequence=closing["record_sequence"] + 1,
    )
    return {"hash": record["hash"].hex(), "said": json.loads(record["record"])}


def _of_closing(closing: Row, record: Row) -> dict[str, Any]:
    """What every closing says: its window, the ends of the chains, the late tickets."""
    heads = {
        kind: (head["sequence"], head["hash"]) for kind, head in record["said"]["anchors"].items()
    }
    heads |= {Kind.GRAND_TOTAL.value: (closing["record_sequence"], record["hash"])}
    window = TicketWindow(
        from_ticket_no=closing["from_sequence"], until_ticket_no=closing["until_sequence"] - 1
    )
    return {
        "window": window if closing["ticket_count"] else None,
        "anchors": tuple(
            Anchor(kind=kind, sequence=sequence, hash_start=hash_[:_HASH_DIGITS])
            for kind, (sequence, hash_) in heads.items()
            if sequence
        ),
        "late": tuple(
            LateTickets(
                business_date=date.fromisoformat(each["business_date"]),
                count=each["count"],
                total_cents=each["real_cents"],
            )
            for each in closing["late"]
        ),
    }


def show_closings(
    tx: Transaction, till_id: UUID, query: api.ClosingsOf, *, is_supervisor: bool
) -> list[api.ClosingShown]:
    """Return a till's closings that the caller may see, one more than the page holds."""
    rows = tx.execute(
        SQL["closings_of_till"],
        {
            "till_id": till_id,
            "period": query.period,
            "after": query.after,
            "sees_all": is_supervisor,
            "limit": query.limit,
        },
    )
    return [api.ClosingShown(**row) for row in rows]


def show_made(tx: Transaction, made: Made) -> api.Closed:
    """Return what was closed just now, as it is stored."""
    shown: list[api.ClosingShown] = []
    for each in made.closings:
        asked = {
            "till_id": each["till_id"],
            "period": each["period"],
            "after": each["closing_no"] - 1,
            "sees_all": True,
            "limit": 0,
        }
        shown += [api.ClosingShown(**row) for row in tx.execute(SQL["closings_of_till"], asked)]
    return api.Closed(
        closings=shown,
        broken=[api.BreakShown(kind=each.kind, sequence=each.sequence) for each in made.breaks],
    )
