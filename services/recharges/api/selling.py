"""What a sale is asked with and answered by."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from chassis.http import Answer, Body

Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,40}$")]
#: One million euros: far above any sale, far below what overflows.
Amount = Annotated[int, Field(ge=0, le=100_000_000, strict=True)]


#: What a ticket is printed as.
TicketFormat = Literal["html", "pdf", "escpos", "sms"]
TicketFormats = Annotated[tuple[TicketFormat, ...], Field(max_length=4)]


class Printed(Answer):
    """A ticket to be printed, shown or sent; sms: one message a line.

    `content` is text for text types and base64 for the others.
    """

    format: TicketFormat
    media_type: str
    content: str


class WantedLine(Body):
    """One line of a sale asked for."""

    offer_code: Code
    quantity: Annotated[int, Field(ge=1, le=20, strict=True)]


class Payment(Body):
    """How the customer pays; `tendered_cents` is the cash they hand over."""

    tender: Literal["cash", "card"]
    tendered_cents: Amount | None = None

    @model_validator(mode="after")
    def _cash_is_counted(self) -> Self:
        if self.tender == "cash" and self.tendered_cents is None:
            raise ValueError("A cash payment needs the amount tendered.")
        return self


class TicketAsked(Body):
    """What the ticket is printed as, with the PINs, in the answer."""

    #: One, in `printed`.
    ticket: TicketFormat | None = None
    #: Several, in `papers`: what is shown, printed and sent is one ticket, and its PINs leave once.
    tickets: TicketFormats = ()


class Sell(TicketAsked):
    """A sale asked for by a till."""

    till_id: UUID
    person_ref: UUID
    lines: Annotated[tuple[WantedLine, ...], Field(min_length=1, max_length=10)]
    payment: Payment


class RevealSale(TicketAsked):
    """The PINs of a paid card sale."""


class VoucherSold(Answer):
    """A voucher in the customer's hands; the PIN is shown in this answer only."""

    serial: str
    pin: str
    offer_code: str
    face_value_cents: int
    use_by: date


class CapLeft(Answer):
    """What the person may still buy this month."""

    month: str
    left_cents: int


class SaleDone(Answer):
    """A sale that is stored for ever."""

    sale_id: UUID
    ticket_no: int
    total_cents: int
    change_cents: int
    vouchers: list[VoucherSold]
    cap: CapLeft
    #: The ticket, where it was asked for.
    printed: Printed | None = None
    papers: tuple[Printed, ...] = ()


class LineShown(Answer):
    """One line of a sale, as it was sold; price and face value are of one."""

    offer_code: str
    operator: str
    quantity: int
    price_cents: int
    face_value_cents: int


class VoucherShown(Answer):
    """A voucher of a sale, without its PIN."""

    serial: str
    face_value_cents: int
    use_by: date


class RefundOfSale(Answer):
    """A refund of a sale: how much, and how far it has come."""

    refund_id: UUID
    state: Literal["asked", "granted", "done", "denied"]
    amount_cents: int
    serials: list[str]


class DisputeOfSale(Answer):
    """The cardholder's bank takes the payment back."""

    dispute_id: str
    state: Literal["open", "won", "lost"]
    amount_cents: int
    reason: str
    opened_at: datetime


class SaleShown(Answer):
    """A sale as it stands, without PINs; one that waits for its card has no ticket yet."""

    sale_id: UUID
    state: Literal["pending", "completed", "voided", "refunded"]
    till_id: UUID
    site_code: str
    ticket_no: int | None
    sold_at: datetime | None
    business_date: date
    tender: str
    total_cents: int
    change_cents: int
    lines: list[LineShown]
    vouchers: list[VoucherShown]
    #: Whether its PINs have left: those of a card sale do so when they are first asked for.
    revealed: bool
    #: Why it was voided, or why the last card was declined, in Stripe's word for it; and in ours.
    why: str
    why_detail: str
    refunds: list[RefundOfSale]
    disputes: list[DisputeOfSale]


class OfferShown(Answer):
    """An offer of the tariff in force."""

    offer_code: str
    operator: str
    label: str
    price_cents: int
    face_value_cents: int
    data_mb: int | None
    #: What to tell the customer, in their language.
    how_to_top_up: str


class DrawerOfTill(Answer):
    """The drawer session of a till that is not closed."""

    drawer_session_id: UUID
    business_date: date
    #: Counted, it waits for a second person.
    state: Literal["open", "counted"]
    #: Whom alone it serves, once it was handed over.
    held_by: UUID | None


class TillShown(Answer):
    """A till the caller may use."""

    till_id: UUID
    site_code: str
    site_name: str
    name: str
    state: Literal["active", "frozen", "revoked"]
    frozen_at: datetime | None
    #: Why it was frozen: the code of what did not hold, and a sentence.
    frozen_why: str | None
    frozen_detail: str | None
    drawer: DrawerOfTill | None
