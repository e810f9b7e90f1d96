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
            "−": "-", "…": "...", "œ": "oe", "Œ": "OE", "×": "x", "°": "o"}  # fmt: skip
#: What a site's or an offer's name may take, so that serial, PIN and day always fit.
_NAME_SEPTETS_MAX = 24


def messages(ticket: Ticket, *, language: str) -> tuple[str, ...]:
    """Return one message per voucher with a PIN, or a single one about the ticket."""
    voice = Voice(language)
    about = _about(ticket, voice)
    told = [
        _with_advice(_voucher(voucher, voice), _how(voucher, voice), about)
        for voucher in ticket.vouchers
        if voucher.pin
    ]
    return tuple(told) or (_fitted(about),)


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


def _how(voucher: TicketVoucher, voice: Voice) -> str:
    return gsm(voice.translate(voucher.how_to_top_up_briefly))


def _about(ticket: Ticket, voice: Voice) -> list[str]:
    """Say the rest, most needed first."""
    parts = [_paid(ticket, voice), ticket.signature_characters]
    if ticket.cap_left:
        left = voice.say(
            "Left to buy in {month}: {amount}.",
            month=voice.month(ticket.cap_left.month.first_on),
            amount=voice.amount(ticket.cap_left.left_cents),
        )
        parts.insert(1, left)
    if ticket.reprint:
        parts.insert(0, voice.say("DUPLICATE {number}", number=ticket.reprint.number) + ".")
    elif ticket.is_shown:
        parts.insert(0, voice.say("DUPLICATE") + ".")
    return [gsm(part) for part in parts]


def _paid(ticket: Ticket, voice: Voice) -> str:
    sentence = "Ticket {ticket_no}, {place}, {day}: paid {amount}."
    if ticket.refund_of:
        sentence = "Refund, ticket {ticket_no}, {place}, {day}: {amount}."
    return voice.say(
        sentence,
        ticket_no=ticket.ticket_no,
        place=_name(ticket.site_name),
        day=voice.short_day(ticket.business_date),
        amount=voice.amount(ticket.total_cents),
    )


def _name(text: str) -> str:
    """Cut a name where it would crowd out what matters."""
    name = gsm(text)
    while septets(name) > _NAME_SEPTETS_MAX:
        name = name[:-1]
    return name.rstrip()


def _with_advice(voucher: str, how: str, about: list[str]) -> str:
    """Say how to top up behind the code, unless names as long as can be leave no room for it."""
    whole = " ".join((voucher, how, *about))
    return whole if septets(whole) <= SEPTETS_MAX else _fitted([voucher, *about])


def _fitted(parts: list[str]) -> str:
    """Join the parts that two segments hold; with sums as tills know them, that is all of them."""
    text = parts[0]
    for part in parts[1:]:
        if septets(f"{text} {part}") <= SEPTETS_MAX:
            text = f"{text} {part}"
    return text
