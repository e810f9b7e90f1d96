"""A mandate: the person's written leave to speak to named operators in their name.

    state      from                            covers its operators
    active     the day of signature            yes
    revoked    the day the person says so      no
    ended      `until_on`, half-open           no

Nothing is asked of an operator, and no line of theirs is written down, without one (C. civ. 1984);
the person may revoke it at any time (C. civ. 2004).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.refusal import NotFound, Refusal


class State(StrEnum):
    """What a mandate is on a day."""

    ACTIVE = "active"
    REVOKED = "revoked"
    ENDED = "ended"


class NotInForce(Refusal):
    """No mandate in force on {day_on} covers the operator {operator}."""

    code = "mediation.mandate.not_in_force"


class SignedLater(Refusal):
    """A mandate is signed before it is recorded: {signed_on} is still to come."""

    code = "mediation.mandate.signed_later"


class AlreadyOver(Refusal):
    """A mandate that ends on {until_on} cannot be recorded on {day_on}."""

    code = "mediation.mandate.already_over"


class EndsBeforeItBegins(Refusal):
    """A mandate signed on {signed_on} cannot end on {until_on}."""

    code = "mediation.mandate.ends_before_it_begins"


class NoOperator(Refusal):
    """A mandate names at least one operator."""

    code = "mediation.mandate.no_operator"


class NotActive(Refusal):
    """This mandate is over already: there is nothing to revoke."""

    code = "mediation.mandate.not_active"


class UnknownMandate(NotFound):
    """This case has no such mandate."""

    code = "mediation.mandate.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """What the person signed, and whether they took it back."""

    mandate_id: UUID
    operators: frozenset[str]
    signed_on: date
    until_on: date
    #: The person's number with the operator, as letters must name it.
    client_reference: str = ""
    revoked_on: date | None = None

    def state_on(self, day: date) -> State:
        """Return what the mandate is on a day since its signature."""
        if self.revoked_on is not None and self.revoked_on <= day:
            return State.REVOKED
        return State.ACTIVE if day < self.until_on else State.ENDED

    def covers(self, operator: str, *, day: date) -> bool:
        """Say whether an operator may be spoken to on a day."""
        signed = self.signed_on <= day
        return signed and operator in self.operators and self.state_on(day) is State.ACTIVE


def check(mandate: Mandate, *, day: date) -> Mandate:
    """Check a mandate that is recorded on a day."""
    if not mandate.operators:
        raise NoOperator
    if mandate.until_on <= mandate.signed_on:
        raise EndsBeforeItBegins(signed_on=mandate.signed_on, until_on=mandate.until_on)
    if mandate.signed_on > day:
        raise SignedLater(signed_on=mandate.signed_on)
    if mandate.until_on <= day:
        raise AlreadyOver(until_on=mandate.until_on, day_on=day)
    return mandate


def revoke(mandate: Mandate, *, day: date) -> Mandate:
    """Take the mandate back from a day on."""
    if mandate.state_on(day) is not State.ACTIVE:
        raise NotActive
    return replace(mandate, revoked_on=day)


def require(mandates: Iterable[Mandate], *, operator: str, day: date) -> None:
    """Refuse unless one of the mandates covers the operator on the day."""
    if not any(mandate.covers(operator, day=day) for mandate in mandates):
        raise NotInForce(operator=operator, day_on=day)
