"""The houses that refer people, and who works for them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from services.referrals.api import Strict

StructureKind = Literal[
    "ccas", "mission_locale", "association", "landlord", "france_travail", "department", "other"
]


class NewStructure(Strict):
    """A house that refers people: a town's social service, an association, a landlord."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    kind: StructureKind
    siret: Annotated[str, Field(max_length=20)] | None = None


class Structure(Answer):
    """A house that refers people."""

    structure_id: UUID
    name: str
    kind: StructureKind
    siret: str | None


class StructurePage(Page[UUID]):
    """The query of the list of structures, by name."""


class NewWorker(Strict):
    """The user who refers people in the name of a structure."""

    user_id: UUID


class Worker(Answer):
    """Who refers people in the name of which structure."""

    user_id: UUID
    structure_id: UUID
