"""The houses that refer people, what they signed, and who works for them."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from services.referrals.api import Strict

StructureKind = Literal[
    "ccas", "mission_locale", "association", "landlord", "france_travail", "department", "other"
]
Language = Literal["fr", "en"]
Email = Annotated[str, Field(max_length=254)]


class NewStructure(Strict):
    """A house that refers people: a town's social service, an association, a landlord.

    It has a SIRET number, an association at least its number in the national directory.
    """

    name: Annotated[str, Field(min_length=1, max_length=120)]
    kind: StructureKind
    siret: Annotated[str, Field(max_length=20)] | None = None
    rna: Annotated[str, Field(max_length=20)] | None = None


class Structure(Answer):
    """A house that refers people; `convention` says whether a convention is in force today."""

    structure_id: UUID
    name: str
    kind: StructureKind
    siret: str | None
    rna: str | None
    convention: bool


class StructurePage(Page[UUID]):
    """The query of the list of structures, by name."""


class NewConvention(Strict):
    """What a structure signed, from its first day to the day before `until`."""

    reference: Annotated[str, Field(min_length=1, max_length=80)]
    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date | None, Field(alias="until")] = None


class Convention(Answer):
    """What a structure signed."""

    convention_id: UUID
    structure_id: UUID
    reference: str
    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date | None, Field(alias="until")]


class EndOn(Strict):
    """The first day on which something is over: today unless it is said."""

    on: date | None = None


class NewWorker(Strict):
    """The user who refers people in the name of a structure, and how we write to them."""

    user_id: UUID
    email: Email | None = None
    trained_on: date | None = None


class WorkerPage(Page[int]):
    """The query of the list of who works and worked for a structure, the latest first."""


class Worker(Answer):
    """Who refers people in the name of which structure, and since when."""

    user_id: UUID
    structure_id: UUID
    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date | None, Field(alias="until")]
    email: str | None
    trained_on: date | None


class Contact(Strict):
    """Where a referrer is written to, and in which language; no address: no mail."""

    email: Email | None
    language: Language = "fr"


class Myself(Answer):
    """What we hold of a referrer."""

    user_id: UUID
    structure_id: UUID | None
    email: str | None
    language: Language
    trained_on: date | None
