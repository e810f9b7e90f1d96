"""Says a ticket in a language."""

from collections.abc import Iterable

from services.recharges.domain.journal import EXEMPT
from services.recharges.domain.ticket import Seller, Tender, Ticket, TicketLine, TicketVoucher
from services.recharges.printing.sheet import (
    Banner,
    Card,
    Row,
    Sheet,
    Table,
    Voice,
    copy_banner,
    plain,
    seller_lines,
)

#: A code of fourteen digits is typed right when it is read in fours.
_PIN_GROUP = 4


def compose(ticket: Ticket, *, seller: Seller, language: str) -> Sheet:
    """Say a ticket."""
    voice = Voice(language)
    is_offline = ticket.received_at is not None
    title = "Offline ticket no. {ticket_no}" if is_offline else "Ticket no. {ticket_no}"
    return Sheet(
        language=language,
        place=plain(ticket.site_name),
        seller=seller_lines(seller, address=ticket.site_address),
        desk=plain(ticket.till_name),
        title=voice.say(title, ticket_no=ticket.ticket_no),
        stamp=_stamp(ticket, voice),
        blocks=(
            *_banners(ticket, voice),
            _lines(ticket, voice),
            *(_card(voucher, voice) for voucher in ticket.vouchers),
            *_cap_left(ticket, voice),
            _fiscal(ticket, voice),
        ),
    )


def _stamp(ticket: Ticket, voice: Voice) -> str:
    if ticket.received_at is None:
        return voice.instant(ticket.recorded_at)
    return voice.say(
        "Sold offline on {sold}, recorded on {recorded}",
        sold=voice.instant(ticket.recorded_at),
        recorded=voice.instant(ticket.received_at),
    )


def _banners(ticket: Ticket, voice: Voice) -> Iterable[Banner]:
    if ticket.reprint:
        yield copy_banner(ticket.reprint, voice)
    if ticket.is_shown:
        yield Banner(
            text=voice.say("DUPLICATE"), detail=voice.say("To be looked at, without codes")
        )
    if ticket.refund_of:
        why = plain(ticket.refund_of.reason)
        of = "Of ticket no. {ticket_no}: {reason}" if why else "Of ticket no. {ticket_no}"
        detail = voice.say(of, ticket_no=ticket.refund_of.ticket_no, reason=why)
        yield Banner(text=voice.say("REFUND"), detail=detail)


def _lines(ticket: Ticket, voice: Voice) -> Table:
    rows = [
        Row(
            label=plain(line.label),
            detail=_computed(line, voice),
            value=voice.amount(line.total_cents),
        )
        for line in ticket.lines
    ]
    total = voice.amount(ticket.total_cents)
    rows.append(Row(label=voice.say("Total"), value=total, strong=True))
    if ticket.tendered_cents is not None and ticket.change_cents is not None:
        rows.append(
            Row(label=voice.say("Cash received"), value=voice.amount(ticket.tendered_cents))
        )
        rows.append(Row(label=voice.say("Change"), value=voice.amount(ticket.change_cents)))
    else:
        in_cash, by_card = voice.say("in cash"), voice.say("by card")
        tender = in_cash if ticket.tender is Tender.CASH else by_card
        done = voice.say("Paid") if ticket.refund_of is None else voice.say("Paid back")
        rows.append(Row(label=done, value=tender))
    rows.extend(_vat(ticket, voice))
    return Table(heading="", rows=tuple(rows))


def _computed(line: TicketLine, voice: Voice) -> str:
    quantity = f"{line.quantity} × {voice.amount(line.unit_price_cents)}"
    if line.vat_rate == EXEMPT:
        return quantity
    return f"{quantity}, {voice.say('VAT {rate}', rate=voice.percent(line.vat_rate))}"


def _vat(ticket: Ticket, voice: Voice) -> Iterable[Row]:
    if any(line.vat_rate == EXEMPT for line in ticket.lines):
        yield Row(label=voice.say("VAT: exempt, CGI art. 261-7-1° b"), value="")
    for share in ticket.vat:
        rate, net = voice.percent(share.rate), voice.amount(share.net_cents)
        label = voice.say("VAT {rate} on {net}", rate=rate, net=net)
        yield Row(label=label, value=voice.amount(share.tax_cents))


def _card(voucher: TicketVoucher, voice: Voice) -> Card:
    pin = plain(voucher.pin or "")
    return Card(
        operator=plain(voucher.operator_name),
        offer=plain(voucher.offer_label),
        value=voice.worth(voucher),
        pin_label=voice.say("Top-up code") if pin else voice.say("Code not shown on this ticket"),
        pin=tuple(pin[start : start + _PIN_GROUP] for start in range(0, len(pin), _PIN_GROUP)),
        rows=(
            Row(label=voice.say("Use by"), value=voice.day(voucher.use_by_on), strong=True),
            Row(label=voice.say("Serial number"), value=plain(voucher.serial)),
        ),
        advice=plain(voice.translate(voucher.how_to_top_up)) if pin else "",
    )


def _cap_left(ticket: Ticket, voice: Voice) -> Iterable[Table]:
    if ticket.cap_left:
        month = voice.month(ticket.cap_left.month.first_on)
        left = Row(
            label=voice.say("Left to buy in {month}", month=month),
            value=voice.amount(ticket.cap_left.left_cents),
            strong=True,
        )
        yield Table(heading="", rows=(left,))


def _fiscal(ticket: Ticket, voice: Voice) -> Table:
    said = {
        "Business day": voice.day(ticket.business_date),
        "Lines": str(len(ticket.lines)),
        "Signature": ticket.signature_characters,
        "Software": plain(ticket.software_version),
    }
    rows = tuple(Row(label=voice.say(label), value=value) for label, value in said.items())
    return Table(heading="", rows=rows, small=True)
