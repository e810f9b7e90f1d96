"""What a person may have changed: what is written about them, and whether it may be used."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer
from services.referrals.api import Strict

FieldName = Literal["given_name", "family_name", "birth_date", "phone", "email"]


class IdentityAsItIs(Strict):
    """What is right; what is left out stays, and an empty phone or e-mail is taken away."""

    given_name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    family_name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    birth_date: date | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None


class CorrectIdentity(Strict):
    """What is right about a person, and why it was written otherwise."""

    person: IdentityAsItIs
    reason: Literal["entered_wrongly", "has_changed"]


class Alike(Answer):
    """Somebody who may be the same person, now that the identity is right."""

    person_ref: UUID
    likeness: Literal["likely", "possible"]


class Corrected(Answer):
    """Which fields are other ones now, and who resembles the person; who that is, is asked for.

    The answer is kept beside its key: no word of an identity is in it.
    """

    person_ref: UUID
    fields: list[FieldName]
    alike: list[Alike]


class RestrictUse(Strict):
    """Why the data of a person are to be kept and not used."""

    ground: Literal["accuracy_contested", "unlawful", "needed_for_claim", "objected"]


class LiftRestriction(Strict):
    """Why they may be used again, and when the person was told."""

    reason: Literal["settled", "withdrawn", "no_longer_needed"]
    informed_on: date


class Restriction(Answer):
    """Whether the data of a person are kept and not used."""

    person_ref: UUID
    use_restricted: bool
