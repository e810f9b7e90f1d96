"""Tickets printed again: a supervisor says why, the journal counts the copies, PINs are shown."""

from typing import Any
from uuid import UUID

from chassis import forgotten
from chassis.db import Transaction
from kernel.refusal import Refusal
from services.recharges.api import tickets as api
from services.recharges.api.selling import VoucherSold
from services.recharges.domain.journal import Kind
from services.recharges.domain.ticket import Reprint, words_left
from services.recharges.handlers.journalling import Pen, note_copy
from services.recharges.seal import PinSeal
from services.recharges.store import SQL, refunds
from services.recharges.store import drawers as drawer_rows
from services.recharges.store import keys as key_rows
from services.recharges.store import selling as store


class NothingRevealedYet(Refusal):
    """The codes of this sale have not been shown yet: there is nothing to print again."""

    code = "recharges.reprint.nothing_revealed_yet"


class AllGivenBack(Refusal):
    """All vouchers of this sale were given back: their codes are not printed again."""

    code = "recharges.reprint.all_given_back"


def reprint(
    tx: Transaction, sale_id: UUID, *, reason: str, by: UUID, pins: PinSeal, pen: Pen
) -> api.Reprinted:
    """Show the PINs of a sale again and write the copy into the journal of its till.

    The vouchers are whose the ticket is, forgotten or not.
    """
    sale = store.find_sale(tx, sale_id)
    forgotten.require_no_words(tx, sale["person_ref"], reason)
    till = drawer_rows.lock_till(tx, sale["till_id"])
    copies = tx.execute(SQL["copies_of_sale"], {"sale_id": sale_id}).fetchone()
    assert copies is not None  # noqa: S101  # an aggregate is always one row
    if sale["tender"] == "card" and not copies["is_revealed"]:
        raise NothingRevealedYet()
    vouchers = reveal(tx, sale_id, pins=pins)
    if not vouchers:
        raise AllGivenBack()
    copy_no = copies["last_copy_no"] + 1
    note_copy(tx, till, Kind.TICKET, number=sale["ticket_no"], copy_no=copy_no, by=by, pen=pen)
    _log(tx, sale, kind="reprint", reason=reason, copy_no=copy_no, by=by, pen=pen)
    return _reprinted(sale_id, sale["ticket_no"], copy_no, vouchers)


def reprint_again(
    tx: Transaction, sale_id: UUID, copy_no: int, *, by: UUID, pins: PinSeal, pen: Pen
) -> api.Reprinted:
    """Answer a reprint whose answer was lost: the same copy, and one more reveal in the log."""
    sale = store.find_sale(tx, sale_id)
    _log(tx, sale, kind="retry", reason="retry", copy_no=None, by=by, pen=pen)
    return _reprinted(sale_id, sale["ticket_no"], copy_no, reveal(tx, sale_id, pins=pins))


def reveal(tx: Transaction, sale_id: UUID, *, pins: PinSeal) -> list[VoucherSold]:
    """Open the vouchers of a sale that are still the customer's."""
    lines, vouchers = store.find_contents(tx, [sale_id])
    offers = {line["line_no"]: line["offer_code"] for line in lines[sale_id]}
    going_back = refunds.serials_going_back(tx, sale_id)
    kept = [row for row in vouchers[sale_id] if row["serial"] not in going_back]
    key_rows.learn(tx, pins, (row["pin_key_id"] for row in kept))
    return [
        VoucherSold(
            serial=row["serial"],
            pin=pins.open(
                store.voucher_from(row).pin, operator=row["operator"], serial=row["serial"]
            ),
            offer_code=offers[row["line_no"]],
            face_value_cents=row["face_value_cents"],
            use_by=row["use_by"],
        )
        for row in kept
    ]


def copy_of(tx: Transaction, sale_id: UUID, copy_no: int) -> Reprint:
    """Read which copy it is, and why it was printed."""
    row = tx.execute(SQL["reprint_of_sale"], {"sale_id": sale_id, "copy_no": copy_no}).fetchone()
    if row is None:
        raise LookupError(f"no copy {copy_no} of sale {sale_id}")
    return Reprint(number=copy_no, reason=words_left(row["reason"]))


def show_reveals(tx: Transaction, sale_id: UUID) -> list[api.RevealShown]:
    """Return each time that the PINs of a sale were shown."""
    rows = tx.execute(SQL["reveals_of_sale"], {"sale_id": sale_id})
    return [api.RevealShown(**row) for row in rows]


def _log(
    tx: Transaction,
    sale: dict[str, Any],
    *,
    kind: str,
    reason: str,
    copy_no: int | None,
    by: UUID,
    pen: Pen,
) -> None:
    tx.execute(
        SQL["record_reveal"],
        {
            "reveal_id": pen.new_id(),
            "sale_id": sale["sale_id"],
            "revealed_by": by,
            "revealed_at": pen.now,
            "kind": kind,
            "reason": reason,
            "till_id": sale["till_id"],
            "copy_no": copy_no,
        },
    )


def _reprinted(
    sale_id: UUID, ticket_no: int, copy_no: int, vouchers: list[VoucherSold]
) -> api.Reprinted:
    return api.Reprinted(
        sale_id=sale_id, ticket_no=ticket_no, copy_no=copy_no, vouchers=vouchers, printed=None
    )
