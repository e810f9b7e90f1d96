"""What a sale shows: at any time without its PINs, and those of a card sale once."""

from typing import Any
from uuid import UUID, uuid5

from chassis import texts
from chassis.db import Transaction
from chassis.http import Call
from kernel.period import business_date
from services.recharges.api import selling as api
from services.recharges.domain import card as rules
from services.recharges.domain import decline
from services.recharges.domain.card import CardSale, State
from services.recharges.handlers import selling
from services.recharges.seal import PinSeal
from services.recharges.store import SQL, cards, lots, refunds
from services.recharges.store import selling as sales
from services.recharges.store.keys import learn


def show_sale(tx: Transaction, sale_id: UUID, *, language: str) -> api.SaleShown:
    """Return a sale without its PINs, or the card sale that it is not yet."""
    card = cards.find(tx, sale_id)
    if card is not None and card.state is not State.PAID:
        return _show_waiting(card, language=language)
    row = sales.find_sale(tx, sale_id)
    lines, vouchers = sales.find_contents(tx, [sale_id])
    given_back = refunds.of_sale(tx, sale_id)
    returned = {
        serial for each in given_back if each["state"] == "done" for serial in each["serials"]
    }
    revealed = card is None or cards.first_reveal(tx, sale_id) is not None
    return api.SaleShown(
        sale_id=sale_id,
        state="refunded"
        if returned >= {voucher["serial"] for voucher in vouchers[sale_id]}
        else "completed",
        till_id=row["till_id"],
        site_code=row["site_code"],
        ticket_no=row["ticket_no"],
        sold_at=row["sold_at"],
        business_date=row["business_date"],
        tender=row["tender"],
        total_cents=row["total_cents"],
        change_cents=row["change_cents"],
        lines=[_line(line) for line in lines[sale_id]],
        vouchers=[
            api.VoucherShown(
                serial=voucher["serial"],
                face_value_cents=voucher["face_value_cents"],
                use_by=voucher["use_by"],
            )
            for voucher in vouchers[sale_id]
        ],
        revealed=revealed,
        why="",
        why_detail="",
        refunds=[
            api.RefundOfSale(
                refund_id=each["refund_id"],
                state=each["state"],
                amount_cents=each["amount_cents"],
                serials=each["serials"],
            )
            for each in given_back
        ],
        disputes=[
            api.DisputeOfSale(
                dispute_id=each["dispute_id"],
                state=each["state"],
                amount_cents=each["amount_cents"],
                reason=each["reason"],
                opened_at=each["opened_at"],
            )
            for each in cards.disputes(tx, sale_id)
        ],
    )


def _line(line: dict[str, Any]) -> api.LineShown:
    return api.LineShown(
        offer_code=line["offer_code"],
        operator=line["operator"],
        quantity=line["quantity"],
        price_cents=line["price_cents"],
        face_value_cents=line["face_value_cents"],
    )


def _show_waiting(card: CardSale, *, language: str) -> api.SaleShown:
    words = decline.sentence(card.why) if card.why else ""
    return api.SaleShown(
        sale_id=card.sale_id,
        state="voided" if card.state is State.VOIDED else "pending",
        till_id=card.till_id,
        site_code=card.site_code,
        ticket_no=None,
        sold_at=None,
        business_date=business_date(card.ordered_at),
        tender="card",
        total_cents=card.total_cents,
        change_cents=0,
        lines=[
            api.LineShown(
                offer_code=each.offer.offer_code,
                operator=each.offer.operator,
                quantity=each.quantity,
                price_cents=each.offer.price_cents,
                face_value_cents=each.offer.face_value_cents,
            )
            for each in card.lines
        ],
        vouchers=[],
        revealed=False,
        why=card.why,
        why_detail=texts.translate(words, language=language, service="recharges"),
        refunds=[],
        disputes=[],
    )


def reveal(tx: Transaction, call: Call, sale_id: UUID, *, pins: PinSeal) -> api.SaleDone:
    """Show the PINs of a paid card sale: once, and again to nobody but who repeats that request.

    No answer is kept with the key, for it would hold PINs: the key names the reveal instead.
    """
    card = cards.find(tx, sale_id)
    if card is None:
        call.caller.require_site(sales.find_sale(tx, sale_id)["site_code"])
        raise rules.RevealedAlready()  # a cash sale's own answer showed them
    call.caller.require_site(card.site_code)
    card = cards.lock(tx, sale_id)
    if card.waits:
        raise rules.NotPaidYet()
    if card.state is State.VOIDED:
        raise rules.CardSaleOver()
    reveal_id = uuid5(sale_id, f"{call.key} {call.request_hash.hex()}")
    first = cards.first_reveal(tx, sale_id)
    if first not in (None, reveal_id):
        raise rules.RevealedAlready()
    lines, vouchers = sales.find_contents(tx, [sale_id])
    going_back = refunds.serials_going_back(tx, sale_id)
    shown = [each for each in vouchers[sale_id] if each["serial"] not in going_back]
    if not shown:
        raise rules.RevealOfRefunded()
    if first is None and not all(
        lots.keep_batches(tx, (each["batch_id"] for each in shown)).values()
    ):
        raise rules.RevealOfFrozen()
    tx.execute(
        SQL["record_reveal"],
        {
            "reveal_id": reveal_id if first is None else call.new_id(),
            "sale_id": sale_id,
            "revealed_by": call.caller.user_id,
            "revealed_at": call.now,
            "kind": "first" if first is None else "retry",
            "reason": "paid" if first is None else "retry",
            "till_id": card.till_id,
            "copy_no": None,
        },
    )
    learn(tx, pins, (each["pin_key_id"] for each in shown))
    return selling.done_again(sales.find_sale(tx, sale_id), lines[sale_id], shown, pins)
