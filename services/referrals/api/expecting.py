"""Whom a site's tills take along, for when the line is cut: references and codes, no names."""

from datetime import date
from uuid import UUID

from chassis.http import Answer


class Expected(Answer):
    """Somebody who may buy at a site today, by what they bring with them."""

    person_ref: UUID
    #: The first day on which they may not buy any more.
    until_on: date
    #: Of the referrals with which they were taken in, there and elsewhere.
    codes: list[str]
    referral_ids: list[UUID]
