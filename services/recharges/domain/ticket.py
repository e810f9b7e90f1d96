"""What a ticket says, whatever it is printed on.

Every sum on it follows from the lines it holds, so a print cannot contradict itself.  Nothing on it
tells of a person, the customer or the one at the till: that is for the journal.  A PIN is left out
of `repr`, which is what finds its way into logs.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from kernel.money import Cents
from kernel.period import Month
from services.recharges.domain.journal import EXEMPT

#: Which characters of the base64url signature a ticket shows, counted from 1 (as NF525 does).
_SIGNATURE_PLACES = (3, 7, 13, 19)
#: What stands in a row in place of words about a person who was erased.
BLANKED = "-"


def four_characters(signature: bytes) -> str:
    """Return the four characters of a signature that a ticket shows."""
    written = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    if len(written) < _SIGNATURE_PLACES[-1]:
        raise ValueError("a signature this short has no nineteenth character")
    return "".join(written[place - 1] for place in _SIGNATURE_PLACES)


class Kind(StrEnum):
    """What a ticket is."""

    SALE = "sale"
    REFUND = "refund"
    DUPLICATE = "duplicate"


class Tender(StrEnum):
    """How a ticket was paid."""

    CASH = "cash"
    CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells, in law: a name and the number of the establishment (SIRET), fourteen digits."""

    name: str
    siret: str


_BRIEFLY = "Top up by calling your operator: type this code."


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """How a person gets the credit of an operator's voucher, from a day on."""

    operator: str
    name: str
    from_on: date
    how: str  # an English sentence, which has its French in the catalogue
    how_briefly: str = _BRIEFLY  # the same for a text message


_FOLLOW_THE_OPERATOR = (
    "Follow the instructions of your operator: dial its top-up number, "
    "then type the code when asked."
)

#: Short numbers and top-up pages belong to the operators, who change them without telling us: none
#: is written here until an operator's own document, with its date, says it.  Source of the wording:
#: none needed, it promises nothing (2026-11-22).
TOP_UPS = (
    TopUp(operator="sfr", name="SFR", from_on=date(2010, 1, 1), how=_FOLLOW_THE_OPERATOR),
    TopUp(operator="orange", name="Orange", from_on=date(2010, 1, 1), how=_FOLLOW_THE_OPERATOR),
    TopUp(
        operator="bouygues",
        name="Bouygues Telecom",
        from_on=date(2010, 1, 1),
        how=_FOLLOW_THE_OPERATOR,
    ),
    TopUp(operator="free", name="Free", from_on=date(2010, 1, 1), how=_FOLLOW_THE_OPERATOR),
)


def top_up(operator: str, *, on: date, table: Iterable[TopUp] = TOP_UPS) -> TopUp:
    """Return how an operator's vouchers are used on a day; an unknown one gets general words."""
    in_force = [each for each in table if each.operator == operator and each.from_on <= on]
    general = TopUp(operator=operator, name=operator, from_on=on, how=_FOLLOW_THE_OPERATOR)
    return max(in_force, key=lambda each: each.from_on, default=general)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """One line of a ticket; the quantity of a refund is negative."""

    label: str
    quantity: int
    unit_price_cents: Cents
    vat_rate: str = EXEMPT  # or a percentage, which the price includes: "20", "5.5"

    @property
    def total_cents(self) -> Cents:
        """What the line comes to."""
        return Cents(self.quantity * self.unit_price_cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class VatShare:
    """What a ticket comes to under one rate, net and tax, as the journal has it."""

    rate: str
    net_cents: Cents
    tax_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketVoucher:
    """A voucher on a ticket; without its PIN wherever the PIN must not be told."""

    offer_label: str
    operator: str
    operator_name: str
    serial: str
    pin: str | None = field(default=None, repr=False)
    face_value_cents: Cents
    data_mb: int | None = None  # shown instead of the face value
    use_by_on: date
    how_to_top_up: str
    how_to_top_up_briefly: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapLeft:
    """What a person may still buy in a month."""

    month: Month
    left_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprint:
    """Which copy a duplicate is (from 1), and why it was printed, while that is known."""

    number: int
    reason: str

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError("the first duplicate has the number 1; the original is no duplicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOf:
    """The ticket that a refund takes back, and why, while that is known."""

    ticket_no: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Everything a ticket says."""

    site_name: str
    site_address: str = ""
    till_name: str
    ticket_no: int
    recorded_at: datetime
    business_date: date
    lines: tuple[TicketLine, ...]
    vat: tuple[VatShare, ...] = ()  # of the rates other than exempt
    tender: Tender
    tendered_cents: Cents | None = None  # cash sales only
    cap_left: CapLeft | None = None
    vouchers: tuple[TicketVoucher, ...] = ()
    signature_characters: str
    software_version: str
    #: When a ticket that was sold offline reached the journal.
    received_at: datetime | None = None
    reprint: Reprint | None = None
    #: A look at a ticket that was printed before: a duplicate without number and without PINs.
    is_shown: bool = False
    refund_of: RefundOf | None = None

    def __post_init__(self) -> None:
        require_aware(self.recorded_at)
        if self.received_at is not None:
            require_aware(self.received_at)
        if self.is_shown and any(voucher.pin for voucher in self.vouchers):
            raise ValueError("a PIN is not for looking at: that is a reprint")
        if not self.lines:
            raise ValueError("a ticket has a line at least")
        rates = {line.vat_rate for line in self.lines} - {EXEMPT}
        if rates != {share.rate for share in self.vat}:
            raise ValueError("the taxed parts of a ticket are those of its lines' rates")

    @property
    def kind(self) -> Kind:
        """A copy is a duplicate first, of a sale as of a refund."""
        if self.reprint or self.is_shown:
            return Kind.DUPLICATE
        return Kind.REFUND if self.refund_of else Kind.SALE

    @property
    def total_cents(self) -> Cents:
        """What was paid; negative when it was paid back."""
        return Cents(sum(line.total_cents for line in self.lines))

    @property
    def change_cents(self) -> Cents | None:
        """The cash given back, when cash was tendered."""
        if self.tendered_cents is None:
            return None
        return Cents(self.tendered_cents - self.total_cents)


def words_left(reason: str) -> str:
    """Return what somebody wrote, or nothing once it was blanked for who was erased."""
    return "" if reason == BLANKED else reason


def require_aware(instant: datetime) -> None:
    """Refuse an instant of which nobody knows where on earth it is that time."""
    if instant.tzinfo is None:
        raise ValueError("a printed instant needs its time zone")
