"""A sale paid by card: reserve, pay, reveal.

State     what it means, and where it may go
reserved  vouchers and cap are held, no payment is known to Stripe yet   -> pending | paid | voided
pending   a payment intent waits for the card; a decline changes nothing -> paid | voided
paid      verified, booked as a sale                                     (end)
voided    given up, refused or too late: all was given back              (end)
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import NotFound, Refusal, Unavailable
from services.recharges.domain.sale import Offer

#: A sale whose intent is not known by then is given back: no answer of ours has named a payment.
RESERVED_S_MAX = 30
#: The sweeper looks after 10 s, 20 s, 40 s, then every minute.
_FIRST_LOOK_S, _LOOK_S_MAX = 10, 60


class State(StrEnum):
    """Where a card sale stands in its life."""

    RESERVED = "reserved"
    PENDING = "pending"
    PAID = "paid"
    VOIDED = "voided"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.RESERVED: frozenset({State.PENDING, State.PAID, State.VOIDED}),
    State.PENDING: frozenset({State.PAID, State.VOIDED}),
    State.PAID: frozenset(),
    State.VOIDED: frozenset(),
}
WAITING = frozenset({State.RESERVED, State.PENDING})


class CardsAway(Unavailable):
    """The card service does not answer. Nothing was charged: please try again, or take cash."""

    code = "recharges.payment.cards_away"


class CardRefused(Refusal):
    """The card service refuses this payment. Nothing was charged: please take cash."""

    code = "recharges.payment.card_refused"


class CardSaleOver(Refusal):
    """This card sale was given up and nothing was charged. Please start a new one."""

    code = "recharges.payment.card_sale_over"


class PaidNotBooked(Unavailable):
    """Money was taken and the sale is not recorded. Take no other payment: call a supervisor."""

    code = "recharges.payment.paid_not_booked"


class CardSaleUnknown(NotFound):
    """There is no card sale {sale_id}."""

    code = "recharges.payment.card_sale_unknown"


class NotPaidYet(Refusal):
    """This sale is not paid yet: its PINs cannot be shown."""

    code = "recharges.reveal.not_paid_yet"


class RevealedAlready(Refusal):
    """The PINs of this sale have been shown already. A supervisor can print them again."""

    code = "recharges.reveal.already"


class RevealOfRefunded(Refusal):
    """This sale is being refunded: its PINs are not shown any more."""

    code = "recharges.reveal.refunded"


class RevealOfFrozen(Refusal):
    """Vouchers of this sale are frozen and would not work. Please refund the sale."""

    code = "recharges.reveal.frozen"


class PaymentDiffers(Exception):
    """What was paid is not what the sale asked for: somebody has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """One line of a card sale as it was agreed when it was asked for."""

    offer: Offer
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSale:
    """A sale that waits for its card payment, or what became of it."""

    sale_id: UUID
    key: str
    request_hash: bytes
    till_id: UUID
    site_code: str
    person_ref: UUID
    sold_by: UUID
    ordered_at: datetime
    month_on: date
    lines: tuple[Agreed, ...]
    total_cents: Cents
    counted_cents: Cents
    cap_left_cents: Cents
    state: State
    look_at: datetime
    looks: int = 0
    intent_id: str | None = None
    client_secret: str | None = None
    why: str = ""
    settled_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether it may still be paid."""
        return self.state in WAITING

    @property
    def key_of_sale(self) -> str:
        """The key under which it is booked: one that no request can carry, so none can take it."""
        return f"card\n{self.sale_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A payment as Stripe tells of it."""

    intent_id: str
    client_secret: str
    status: str
    currency: str
    received_cents: Cents
    #: Our sale, as the payment itself names it; empty when it names none.
    sale_id: str
    #: Why the last card was declined.
    why: str = ""
    #: Why we gave it up; empty when we did not.
    given_up_for: str = ""

    @property
    def is_paid(self) -> bool:
        """Whether the money is ours; held and not captured, it is not."""
        return self.status == "succeeded"

    @property
    def is_over(self) -> bool:
        """Whether it can never be paid any more."""
        return self.status == "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """Money given back, as Stripe tells of it."""

    stripe_refund_id: str
    amount_cents: Cents
    failed: bool


def require_paid(card: CardSale, intent: Intent) -> None:
    """Refuse a payment that is not the one this sale asked for."""
    paid = intent.received_cents, intent.currency, intent.sale_id
    if not intent.is_paid or paid != (card.total_cents, "eur", str(card.sale_id)):
        raise PaymentDiffers(
            f"{intent.intent_id} is {intent.status} with {intent.received_cents} "
            f"{intent.currency} for {intent.sale_id or 'no sale'}; sale {card.sale_id} asked for "
            f"{card.total_cents} eur"
        )


def is_over_at(card: CardSale, *, minutes_max: int) -> datetime:
    """Return when a card sale is given up."""
    if card.state is State.RESERVED:
        return card.ordered_at + timedelta(seconds=RESERVED_S_MAX)
    return card.ordered_at + timedelta(minutes=minutes_max)


def next_look(card: CardSale, *, now: datetime, minutes_max: int) -> datetime:
    """Return when to ask Stripe again: ever later, and once the time is over."""
    after = now + timedelta(seconds=min(_LOOK_S_MAX, _FIRST_LOOK_S * 2 ** min(card.looks, 8)))
    over = is_over_at(card, minutes_max=minutes_max)
    return after if after < over or over <= now else over
