"""Looking for people, and telling apart those who are alike: as little of each as that takes."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Parameters
from services.referrals.api import Strict


class FindPeople(Parameters):
    """Whom to look for: a name, a phone or its last three digits, the code of a referral.

    A name of three letters or more may have a birth year beside it: `Nguyen 1987`.

    Three signs at least, and one page of answers: people are looked for, not leafed through.  Four
    digits of a phone find nobody: whoever sees three would guess the others one by one.
    """

    q: Annotated[str, Field(min_length=3, max_length=80)]


class FoundPerson(Answer):
    """As much of a person as it takes to know them again at a desk; never the whole phone."""

    person_ref: UUID
    given_name: str
    family_name: str
    birth_year: int
    #: The last three digits.
    phone_end: str | None
    #: Where they were last taken in, provisionally too.
    last_site_code: str | None
    #: The names of those who were merged into them.
    also_known_as: list[str]
    #: Their data are kept, and nothing is decided by them (GDPR, article 18).
    use_restricted: bool


class Reason(Answer):
    """One thing that two people have in common, as a person reads it."""

    reason: str
    text: str


class Duplicate(Answer):
    """Somebody who may be the same person, and why."""

    person: FoundPerson
    likeness: Literal["likely", "possible"]
    reasons: list[Reason]


class Duplicates(Answer):
    """A person beside those who may be the same, the likeliest first."""

    person: FoundPerson
    duplicates: list[Duplicate]


class TellApart(Strict):
    """Who turned out to be another person."""

    other: UUID


class ToldApart(Answer):
    """Two people who are not shown as duplicates any more."""

    person_ref: UUID
    other: UUID
