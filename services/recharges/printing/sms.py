"""Says a ticket in text messages: one per voucher, each of two GSM-7 segments at most.

A message holds what the person needs to use the voucher and to show that they paid.  It is the
caller's to send and nobody's to log: with the PIN in it, it is worth money.
"""

import unicodedata

from services.recharges.domain.ticket import Ticket, TicketVoucher
from services.recharges.printing.sheet import Voice, plain

#: Two segments of a message in parts: 160 septets less the seven of the header, twice.
SEPTETS_MAX = 306
_BASIC = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")
_PLAINER = {"’": "'", "‘": "'", "«": '"', "»": '"', "“": '"', "”": '"', "–": "-", "—": "-",
            "…": "...", "œ": "oe", "Œ": "OE", "×": "x", "°": "o"}  # fmt: skip
#: What a site's or an offer's name may take, so that serial, PIN and day always fit.
_NAME_SEPTETS_MAX = 24


def messages(ticket: Ticket, *, language: str) -> tuple[str, ...]:
    """Return one message per voucher with a PIN, or a single one about the ticket."""
    voice = Voice(language)
    paid = _paid(ticket, voice)
    told = [_voucher(voucher, voice) for voucher in ticket.vouchers if voucher.pin]
    return tuple(_fitted(f"{text} {paid}") for text in told) or (_fitted(paid),)


def septets(text: str) -> int:
    """Count a text in GSM-7 septets; ValueError if it is not all GSM-7."""
    strange = set(text) - _BASIC - _EXTENDED
    if strange:
        raise ValueError(f"{len(strange)} characters are not GSM-7")
    return sum(2 if char in _EXTENDED else 1 for char in text)


def gsm(text: str) -> str:
    """Write a text in GSM-7: letters without the accents it lacks, nothing for what has no like."""
    written = []
    for char in plain(text):
        if char in _BASIC or char in _EXTENDED:
            written.append(char)
        elif char in _PLAINER:
            written.append(_PLAINER[char])
        else:
            bare = unicodedata.normalize("NFKD", char)
            written.append("".join(part for part in bare if part in _BASIC))
    return " ".join("".join(written).split())


def _voucher(voucher: TicketVoucher, voice: Voice) -> str:
    return gsm(
        voice.say(
            "{operator} {worth}: code {pin}, use by {use_by}. Serial no. {serial}.",
            operator=_name(voucher.operator_name),
            worth=voice.worth(voucher),
            pin=voucher.pin,
            use_by=voice.day(voucher.use_by_on),
            serial=voucher.serial,
        )
    )


def _paid(ticket: Ticket, voice: Voice) -> str:
    refund = ticket.refund_of is not None
    parts = [
        voice.say(
            "Refund, ticket {ticket_no}, {place}, {day}: {amount}."
            if refund
            else "Ticket {ticket_no}, {place}, {day}: paid {amount}.",
            ticket_no=ticket.ticket_no,
            place=_name(ticket.site_name),
            day=voice.short_day(ticket.business_date),
            amount=voice.amount(ticket.total_cents),
        )
    ]
    if ticket.reprint:
        parts.insert(0, voice.say("DUPLICATE {number}", number=ticket.reprint.number) + ".")
    if ticket.cap_left:
        parts.append(
            voice.say(
                "Left to buy in {month}: {amount}.",
                month=voice.month(ticket.cap_left.month.first_on),
                amount=voice.amount(ticket.cap_left.left_cents),
            )
        )
    parts.append(ticket.signature_characters)
    return gsm(" ".join(parts))


def _name(text: str) -> str:
    """Cut a name where it would crowd out what matters."""
    name = gsm(text)
    while septets(name) > _NAME_SEPTETS_MAX:
        name = name[:-1]
    return name.rstrip()


def _fitted(text: str) -> str:
    # The parts are bounded, so this cannot happen with serials and PINs as imports allow them.
    if septets(text) > SEPTETS_MAX:
        raise ValueError("the parts of a message are longer than two segments")
    return text
