"""Money that goes back, by what the voucher's PIN has been through.

State    what it means, and where it may go
asked    the PIN was seen: the operator must say that it was not used    -> granted | denied
granted  the money may go back: by card at once, in cash at a till       -> done | denied
done     the money went back, and its ticket is in the journal           (end)
denied   the operator, or Stripe, says no: the sale stands               (end)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import Forbidden, NotFound, Refusal
from services.recharges.domain.cap import Counts


class State(StrEnum):
    """Where a refund stands in its life."""

    ASKED = "asked"
    GRANTED = "granted"
    DONE = "done"
    DENIED = "denied"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.ASKED: frozenset({State.GRANTED, State.DENIED}),
    State.GRANTED: frozenset({State.DONE, State.DENIED}),
    State.DONE: frozenset(),
    State.DENIED: frozenset(),
}


class Vouchers(StrEnum):
    """What becomes of the vouchers of a refund."""

    RETURNED = "returned"
    REFUNDED_BY_OPERATOR = "refunded_by_operator"


class RefundUnknown(NotFound):
    """There is no refund {refund_id}."""

    code = "recharges.refund.unknown"


class NothingToRefund(Refusal):
    """Every voucher of this sale has been refunded already, or is being refunded."""

    code = "recharges.refund.nothing_left"


class NotOfThisSale(Refusal):
    """The voucher {serial} is not of this sale, or is being refunded already."""

    code = "recharges.refund.not_of_this_sale"


class SeveralOperators(Refusal):
    """These vouchers are of several operators. Ask for each operator's apart, by their serials."""

    code = "recharges.refund.several_operators"


class NotYourOperator(Forbidden):
    """These vouchers are not your operator's."""

    code = "recharges.refund.not_your_operator"


class AnsweredAlready(Refusal):
    """This refund has been answered already."""

    code = "recharges.refund.answered_already"


class NotPaidBackYet(Refusal):
    """This refund is not paid back yet: there is no receipt of it."""

    code = "recharges.refund.not_paid_back_yet"


class NotToPayOut(Refusal):
    """This refund is not to be paid out in cash: it is not granted, paid already, or by card."""

    code = "recharges.refund.not_to_pay_out"


class PaidOutElsewhere(Refusal):
    """A refund is paid out at a till of the site that sold."""

    code = "recharges.refund.paid_out_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One voucher as it was sold."""

    batch_id: UUID
    position: int
    taking: int
    serial: str
    operator: str
    offer_code: str
    line_no: int
    price_cents: Cents
    face_value_cents: Cents


def choose(
    taken: Sequence[Taken], *, serials: Sequence[str] | None, going_back: frozenset[str]
) -> list[Taken]:
    """Return the vouchers to refund: those named, or all that are left; refuse what cannot be."""
    left = [each for each in taken if each.serial not in going_back]
    if not left:
        raise NothingToRefund()
    for serial in serials or ():
        if serial not in {each.serial for each in left}:
            raise NotOfThisSale(serial=serial)
    return [each for each in left if serials is None or each.serial in serials]


def require_one_operator(chosen: Sequence[Taken]) -> None:
    """Refuse vouchers that no single operator can answer for."""
    if len({each.operator for each in chosen}) > 1:
        raise SeveralOperators()


def amount(chosen: Sequence[Taken]) -> Cents:
    """Return what was paid for these vouchers."""
    return Cents(sum(each.price_cents for each in chosen))


def counted(chosen: Sequence[Taken], *, counts: Counts) -> Cents:
    """Return what these vouchers counted against the monthly cap when they were sold."""
    if counts is Counts.PRICE:
        return amount(chosen)
    return Cents(sum(each.face_value_cents for each in chosen))
