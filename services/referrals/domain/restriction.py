"""The use of a person's data limited to keeping them, until that is lifted (GDPR, article 18)."""

from datetime import date, datetime
from enum import StrEnum

from kernel.period import business_date
from kernel.refusal import Invalid, Refusal
from services.referrals.domain.erasure import Reason


class Ground(StrEnum):
    """Why the use is restricted: the four cases of article 18, 1."""

    ACCURACY_CONTESTED = "accuracy_contested"
    UNLAWFUL = "unlawful"
    NEEDED_FOR_CLAIM = "needed_for_claim"
    OBJECTED = "objected"


class Lifting(StrEnum):
    """Why a restriction ends."""

    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    NO_LONGER_NEEDED = "no_longer_needed"


class UseRestricted(Refusal):
    """The use of this person's data has been restricted since {from_on}: they are kept, and nothing
    is decided by them. Have that lifted first.
    """

    code = "referrals.person.use_restricted"


class RestrictedAlready(Refusal):
    """The use of this person's data has been restricted since {from_on} already."""

    code = "referrals.person.restricted_already"


class NotRestricted(Refusal):
    """The use of this person's data is not restricted."""

    code = "referrals.person.not_restricted"


class InformedLater(Invalid):
    """The person is told before the restriction is lifted (GDPR, article 18, 3)."""

    code = "referrals.person.informed_later"


def require_free(restricted_at: datetime | None) -> None:
    """Refuse to decide by data that are only kept."""
    if restricted_at is not None:
        raise UseRestricted(from_on=business_date(restricted_at))


def require_erasable(restricted_at: datetime | None, reason: Reason) -> None:
    """Refuse to erase what the person asked to have kept, unless they ask for that now."""
    if reason is not Reason.ASKED_BY_PERSON:
        require_free(restricted_at)


def require_informed(informed_on: date, *, today: date) -> None:
    """Refuse a day on which nobody can have been told yet."""
    if informed_on > today:
        raise InformedLater(
            errors=[{"field": "informed_on", "reason": InformedLater.sentence()}],
        )
