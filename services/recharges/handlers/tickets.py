"""What a sale's or a refund's ticket says, read from the journal and what lies beside it."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from kernel.money import Cents
from kernel.period import Month
from services.recharges.api.selling import VoucherSold
from services.recharges.domain import journal, ticket
from services.recharges.domain.refund import NotPaidBackYet, RefundUnknown, State
from services.recharges.domain.ticket import (
    CapLeft,
    RefundOf,
    Reprint,
    Tender,
    Ticket,
    TicketLine,
    TicketVoucher,
    VatShare,
    words_left,
)
from services.recharges.store import SQL
from services.recharges.store import selling as sale_rows

Row = dict[str, Any]


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


def find_refund(tx: Transaction, refund_id: UUID) -> Row:
    """Read where a refund stands, or refuse."""
    row = tx.execute(SQL["find_refund"], {"refund_id": refund_id}).fetchone()
    if row is None:
        raise RefundUnknown(refund_id=refund_id)
    return row


def require_paid_back(refund: Row) -> None:
    """Refuse the receipt of a refund that is not done."""
    if refund["state"] != State.DONE:
        raise NotPaidBackYet()


def refund_ticket_of(
    tx: Transaction,
    refund: Row,
    *,
    reprint: Reprint | None = None,
    is_shown: bool = False,
) -> Ticket:
    """Read the receipt of a refund that is done: what was given back, by its serials.

    Why comes from the refund alone, where the words go once the person is erased.
    """
    require_paid_back(refund)
    found = _find(tx, refund["till_id"], refund["ticket_no"])
    record = json.loads(found["record"])
    offers = {
        (line["operator"], serial): line for line in record["lines"] for serial in line["serials"]
    }
    _, vouchers = sale_rows.find_contents(tx, [refund["sale_id"]])
    data = _data_of_offers(tx)
    return Ticket(
        **_said(found, record),
        refund_of=RefundOf(
            ticket_no=record["original"]["ticket_no"], reason=words_left(refund["reason"])
        ),
        vouchers=tuple(
            _voucher(
                each,
                label=offers[place]["label"],
                data_mb=data.get(offers[place]["offer_code"]),
                pin=None,
                on=found["business_date"],
            )
            for each in vouchers[refund["sale_id"]]
            if (place := (each["operator"], each["serial"])) in offers
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
    in_cash = payment["tender"] == Tender.CASH and "original" not in record
    offline = record.get("offline")
    return {
        "site_name": found["site_name"],
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
        how_to_top_up_briefly=top_up.how_briefly,
    )
