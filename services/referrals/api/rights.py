"""What a person may ask of the network, and what managers see of it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from chassis.personal import PEOPLE_MAX
from services.referrals.api import Strict


class ExportAsked(Answer):
    """An export that some services have yet to answer."""

    export_id: UUID
    state: Literal["waiting"] = "waiting"
    asked_at: datetime
    answer_until: datetime
    missing: list[str]


class ExportReady(Answer):
    """All that the network holds on a person: rows by what they are, of each service."""

    export_id: UUID
    state: Literal["ready"] = "ready"
    asked_at: datetime
    ready_at: datetime
    person_refs: list[UUID]
    services: dict[str, dict[str, list[dict[str, Any]]]]
    #: Services that hold more than an export carries, by the bytes it would be.
    too_large: dict[str, int]


class ErasePerson(Strict):
    """Why a person's data are to be erased, and under which references the caller knows them.

    Named as an export names them, nobody is erased whom somebody merged with them since.
    """

    reason: Literal["asked_by_person", "entered_by_mistake"]
    person_refs: Annotated[list[UUID], Field(min_length=1, max_length=PEOPLE_MAX)] | None = None


class Receipt(Answer):
    """A service has forgotten: when, and how much it blanked or removed."""

    service: str
    at: datetime
    counts: dict[str, int]


class Erasure(Answer):
    """An erasure, the receipts that have come and the services that have yet to give one."""

    erasure_id: UUID
    person_ref: UUID
    reason: Literal["asked_by_person", "entered_by_mistake", "retention_over"]
    erased_at: datetime
    receipts: list[Receipt]
    missing: list[str]
    overdue: bool


class ErasurePage(Page[UUID]):
    """The query of the list of erasures, the newest first; all, or those alone that are overdue."""

    person_ref: UUID | None = None
    overdue: bool = False


class Notice(Answer):
    """Somebody who will be erased unless they come, or are referred, before the day."""

    person_ref: UUID
    last_contact_at: datetime
    noticed_at: datetime
    erase_on: date
    mailed: bool


class NoticePage(Page[UUID]):
    """The query of the list of notices, by person."""


class AccessPage(Page[int]):
    """The query of the accesses to a person, the newest first."""


class Access(Answer):
    """One look at somebody's identity, or change of it: who, of which sites, what and when."""

    access_id: int
    at: datetime
    what: str
    why: str
    #: Of an identity that was corrected: what is another one now.
    fields: list[str]
    by_user_id: UUID
    by_role: str
    site_codes: list[str]
