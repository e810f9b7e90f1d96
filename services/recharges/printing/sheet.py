"""A ticket or a report said in a language, in blocks that any paper can lay out."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from babel.units import format_unit

from chassis import texts
from kernel.period import PARIS
from services.recharges.domain.ticket import Reprint, Seller, TicketVoucher


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What must not be overlooked."""

    text: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A label and its value, if it has one; `detail` says how the value came about."""

    label: str
    value: str
    detail: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under a heading; `small` holds what only an inspector reads."""

    heading: str
    rows: tuple[Row, ...]
    small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A voucher: `pin` in groups that an eye can hold, or none."""

    operator: str
    offer: str
    value: str
    pin_label: str
    pin: tuple[str, ...] = field(repr=False)
    rows: tuple[Row, ...]
    advice: str


Block = Banner | Table | Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A ticket or a report, said in a language."""

    language: str
    place: str
    #: Where, and who sells, in law.
    seller: tuple[str, ...]
    desk: str
    title: str
    stamp: str
    blocks: tuple[Block, ...]


class Voice:
    """Says sentences, amounts, days and instants in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def say(self, sentence: str, **values: object) -> str:
        """Say a sentence of the catalogue; texts from outside come in as values only."""
        return texts.say(sentence, values, language=self.language, service="recharges")

    def translate(self, sentence: str) -> str:
        """Say a sentence that comes from outside the code; its braces mean nothing."""
        return texts.translate(sentence, language=self.language, service="recharges")

    def amount(self, cents: int) -> str:
        """Write an amount in euros."""
        return texts.amount(cents, language=self.language)

    def day(self, day: date) -> str:
        """Write a day in full."""
        return self.say("{day}", day=day)

    def short_day(self, day: date) -> str:
        """Write a day in figures, as short as the language does."""
        return format_date(day, "short", locale=self.language)

    def month(self, day: date) -> str:
        """Write the month of a day."""
        return format_date(day, "LLLL y", locale=self.language)

    def instant(self, instant: datetime) -> str:
        """Write an instant to the second, as clocks in Paris show it."""
        here = instant.astimezone(PARIS)
        day = format_date(here, "medium", locale=self.language)
        return f"{day}, {format_time(here, 'HH:mm:ss', locale=self.language)}"

    def percent(self, rate: str) -> str:
        """Write a rate of VAT."""
        number = format_decimal(Decimal(rate), "0.##", locale=self.language)
        return f"{number}\N{NO-BREAK SPACE}%"

    def worth(self, voucher: TicketVoucher) -> str:
        """Say what a voucher gives: data, or credit."""
        if voucher.data_mb is None:
            return self.amount(voucher.face_value_cents)
        return str(
            format_unit(voucher.data_mb, "digital-megabyte", length="short", locale=self.language)
        )


def seller_lines(seller: Seller, *, address: str) -> tuple[str, ...]:
    """Say where a paper is from, if that is known, and who sells there."""
    digits = seller.siret
    siret = "\N{NO-BREAK SPACE}".join(("SIRET", digits[:3], digits[3:6], digits[6:9], digits[9:]))
    who = f"{plain(seller.name)} – {siret}"
    return (plain(address), who) if address else (who,)


def copy_banner(reprint: Reprint, voice: Voice) -> Banner:
    """Say which copy a paper is, and why it was printed, while that is known."""
    why = plain(reprint.reason)
    return Banner(
        text=voice.say("DUPLICATE {number}", number=reprint.number),
        detail=voice.say("Reprinted: {reason}", reason=why) if why else "",
    )


def plain(text: str) -> str:
    """Drop control and format characters: a label must not steer a printer or turn a line."""
    spaced = " ".join(text.split())
    return "".join(char for char in spaced if not unicodedata.category(char).startswith("C"))
