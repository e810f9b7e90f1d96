"""What a ticket and a drawer's report say, read back from the journal and what lies beside it."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from kernel.money import Cents
from kernel.period import Month
from kernel.version import VERSION
from services.recharges.api.selling import VoucherSold
from services.recharges.domain import drawer, journal, ticket
from services.recharges.domain.drawer import State
from services.recharges.domain.journal import Kind
from services.recharges.domain.ticket import (
    Anchor,
    CapLeft,
    Denomination,
    DrawerMovement,
    DrawerReport,
    LateTickets,
    RefundOf,
    ReportKind,
    Reprint,
    Takings,
    Tender,
    Ticket,
    TicketLine,
    TicketVoucher,
    TicketWindow,
    VatShare,
)
from services.recharges.store import SQL, chains
from services.recharges.store import closings as closing_rows
from services.recharges.store import drawers as drawer_rows
from services.recharges.store import selling as sale_rows

Row = dict[str, Any]
_CODE_DIGITS = 8
_HASH_DIGITS = 16


def code_of(user_id: UUID) -> str:
    """Return the short code that stands for a member of staff on paper."""
    return user_id.hex[-_CODE_DIGITS:]


def ticket_of(
    tx: Transaction,
    sale_id: UUID,
    *,
    revealed: tuple[VoucherSold, ...] = (),
    reprint: Reprint | None = None,
    is_shown: bool = False,
) -> Ticket:
    """Read the ticket of a sale; PINs are on it only where they are given."""
    sale = sale_rows.find_sale(tx, sale_id)
    lines, vouchers = sale_rows.find_contents(tx, [sale_id])
    offers = {line["line_no"]: line["offer_code"] for line in lines[sale_id]}
    pins = {(each.offer_code, each.serial): each.pin for each in revealed}
    found = _find(tx, sale["till_id"], sale["ticket_no"])
    record, on = json.loads(found["record"]), found["business_date"]
    labels = {line["offer_code"]: line["label"] for line in record["lines"]}
    data = _data_of_offers(tx)
    return Ticket(
        **_said(found, record),
        cap_left=CapLeft(month=Month.of(on), left_cents=Cents(sale["cap_left_cents"])),
        vouchers=tuple(
            _voucher(
                each,
                label=labels[offers[each["line_no"]]],
                data_mb=data.get(offers[each["line_no"]]),
                pin=pins.get((offers[each["line_no"]], each["serial"])),
                on=on,
            )
            for each in vouchers[sale_id]
        ),
        reprint=reprint,
        is_shown=is_shown,
    )


def _find(tx: Transaction, till_id: UUID, ticket_no: int) -> Row:
    row = tx.execute(SQL["find_ticket"], {"till_id": till_id, "ticket_no": ticket_no}).fetchone()
    if row is None:
        raise LookupError(f"no ticket {ticket_no} of till {till_id}")
    return row


def _data_of_offers(tx: Transaction) -> dict[str, int]:
    return {row["offer_code"]: row["data_mb"] for row in tx.execute(SQL["data_of_offers"])}


def _said(found: Row, record: Mapping[str, Any]) -> dict[str, Any]:
    """What the journal says of a ticket, as it was sealed."""
    payment = record["payments"][0]
    original = record.get("original")
    in_cash = payment["tender"] == Tender.CASH and original is None
    offline = record.get("offline")
    return {
        "site_name": found["site_name"],
        "site_code": record["site_code"],
        "site_address": found["site_address"],
        "till_name": found["till_name"],
        "ticket_no": record["sequence"],
        "recorded_at": datetime.fromisoformat(record["recorded_at"]),
        "business_date": found["business_date"],
        "lines": tuple(
            TicketLine(
                label=line["label"],
                quantity=line["quantity"],
                unit_price_cents=line["price_cents"],
                vat_rate=line["vat_rate"],
            )
            for line in record["lines"]
        ),
        "vat": tuple(
            VatShare(rate=each["rate"], net_cents=each["net_cents"], tax_cents=each["tax_cents"])
            for each in record["vat"]
            if each["rate"] != journal.EXEMPT
        ),
        "tender": Tender(payment["tender"]),
        "tendered_cents": payment["tendered_cents"] if in_cash else None,
        "signature_characters": ticket.four_characters(found["signature"]),
        "software_version": record["software_version"],
        "received_at": datetime.fromisoformat(offline["received_at"]) if offline else None,
        "refund_of": None
        if original is None
        else RefundOf(ticket_no=original["ticket_no"], reason=original.get("reason", "")),
    }


def _voucher(
    row: Row, *, label: str, data_mb: int | None, pin: str | None, on: date
) -> TicketVoucher:
    top_up = ticket.top_up(row["operator"], on=on)
    return TicketVoucher(
        offer_label=label,
        operator=row["operator"],
        operator_name=top_up.name,
        serial=row["serial"],
        pin=pin,
        face_value_cents=row["face_value_cents"],
        data_mb=data_mb,
        use_by_on=row["use_by"],
        how_to_top_up=top_up.how,
    )


def report_of(
    tx: Transaction, session: Row, *, now: datetime, by: UUID, is_supervisor: bool
) -> DrawerReport:
    """Return an X of a session, or its Z once it is closed."""
    session_id = session["drawer_session_id"]
    place = tx.execute(SQL["find_names_of_place"], {"till_id": session["till_id"]}).fetchone()
    closing = tx.execute(SQL["closing_of_drawer"], {"drawer_session_id": session_id}).fetchone()
    movements = tx.execute(SQL["find_movements"], {"drawer_session_id": session_id})
    sees = is_supervisor or session["state"] != State.OPEN
    assert place is not None  # noqa: S101  # a session's till is there
    return DrawerReport(
        kind=ReportKind.X if closing is None else ReportKind.Z,
        report_no=closing["closing_no"] if closing else None,
        **place,
        site_code=session["site_code"],
        business_date=session["business_date"],
        opened_at=session["opened_at"],
        opened_by_code=code_of(session["opened_by"]),
        printed_at=now,
        printed_by_code=code_of(by),
        opening=_pieces(session["float"]),
        movements=tuple(
            DrawerMovement(
                amount_cents=row["amount_cents"],
                reason=row["reason"],
                recorded_at=row["recorded_at"],
            )
            for row in movements
        ),
        takings=_takings(tx, session, closing) if sees else None,
        counted=_pieces(session["counted"]) if closing else None,
        software_version=VERSION,
        **(_of_closing(tx, closing) if closing else {}),
    )


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


def _of_closing(tx: Transaction, closing: Row) -> dict[str, Any]:
    """What only a Z says: its window, the ends of the chains, the late tickets."""
    (record,) = chains.read(
        tx,
        closing["till_id"],
        Kind.GRAND_TOTAL,
        from_sequence=closing["record_sequence"],
        until_sequence=closing["record_sequence"] + 1,
    )
    heads = {
        kind: (head["sequence"], head["hash"])
        for kind, head in json.loads(record["record"])["anchors"].items()
    }
    heads |= {Kind.GRAND_TOTAL.value: (record["sequence"], record["hash"].hex())}
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
