"""People, what they may buy, and who is whom."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.http import Answer
from services.referrals.api import Strict


class MergePerson(Strict):
    """Whom a person is, as it turned out."""

    into: UUID


class Merge(Answer):
    """Whom a person is merged into; nobody once that is undone."""

    person_ref: UUID
    merged_into: UUID | None


class Entitlement(Answer):
    """What a person may buy: from the day `from` to the day before `until`."""

    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date, Field(alias="until")]
    monthly_cap_cents: int


class Entitled(Answer):
    """The person under the name other services know, and what they may buy."""

    person_ref: UUID
    entitlement: Entitlement


class RenewEntitlement(Strict):
    """The new referral that a renewal needs."""

    referral_id: UUID


class Person(Answer):
    """What a till sees of a person: the name to greet and what they may buy."""

    person_ref: UUID
    given_name: str
    family_name: str
    entitlement: Entitlement | None
