"""When a person's data are erased, and what stands against it."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.refusal import Refusal


class Reason(StrEnum):
    """Why somebody's data are erased; words of their own would be data about them."""

    ASKED_BY_PERSON = "asked_by_person"
    ENTERED_BY_MISTAKE = "entered_by_mistake"
    RETENTION_OVER = "retention_over"


class CaseOpen(Refusal):
    """A mediation case has been open for this person since {opened_on}: the data defend their claim
    (GDPR, article 17, 3 e). Close the case first, or have the person withdraw their mandate.
    """

    code = "referrals.erasure.case_open"


class MergedMeanwhile(Refusal):
    """Who this person is has changed since you looked: somebody was merged with them, or is no
    longer. Look again before you erase.
    """

    code = "referrals.erasure.merged_meanwhile"


class ExportNotReady(Refusal):
    """This export is not ready yet. Still missing: {services}."""

    code = "referrals.export.not_ready"


def require_meant(person_refs: Collection[UUID], *, meant: Collection[UUID]) -> None:
    """Refuse to erase anybody else than whom the caller knows of."""
    if set(person_refs) != set(meant):
        raise MergedMeanwhile()


def require_no_case(opened_on: date | None) -> None:
    """Refuse to erase the data of somebody whose debts are being negotiated."""
    if opened_on is not None:
        raise CaseOpen(opened_on=opened_on)
