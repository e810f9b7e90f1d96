"""Who refers people: a referrer, for one structure at a time, who was shown how."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.refusal import Invalid, NotFound, Refusal
from services.referrals.domain import email as emails
from services.referrals.domain.rule import Rules

REFERRER = "referrer"


class WorkerUnknown(Refusal):
    """Nobody of this identifier is known here. A new account is known in a moment."""

    code = "referrals.worker.unknown"


class WorkerNotReferrer(Refusal):
    """This user's role is {role}: only a referrer refers people in the name of a structure."""

    code = "referrals.worker.not_a_referrer"


class WorkerDisabled(Refusal):
    """This user's account is disabled."""

    code = "referrals.worker.disabled"


class NotOfStructure(NotFound):
    """This user does not work for this structure."""

    code = "referrals.worker.not_of_structure"


class EmailNotValid(Invalid):
    """Nobody can be written to at this address."""

    code = "referrals.worker.email_not_valid"


class TrainedLater(Refusal):
    """Nobody has been trained on a day that is yet to come: {day_on}."""

    code = "referrals.worker.trained_later"


class StructureNeeded(Refusal):
    """You do not refer in the name of a structure yet. A site manager adds you to yours."""

    code = "referrals.worker.structure_needed"


class ConventionNeeded(Refusal):
    """No convention of your structure is in force on {day_on}: it cannot refer people."""

    code = "referrals.structure.convention_needed"


class TrainingNeeded(Refusal):
    """You have not been shown how to refer people yet. Ask a site manager for a session."""

    code = "referrals.worker.training_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """What accounts tells of somebody who signs in."""

    user_id: UUID
    role: str
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What lets a referrer refer, on one day."""

    structure_id: UUID | None = None
    has_convention: bool = False
    trained_on: date | None = None


def check_worker(user: User | None) -> None:
    """Refuse whoever cannot refer people."""
    if user is None:
        raise WorkerUnknown()
    if user.role != REFERRER:
        raise WorkerNotReferrer(role=user.role)
    if user.disabled:
        raise WorkerDisabled()


def normalise_email(text: str | None) -> str | None:
    """Return the address as it is written to; refuse what is none."""
    if text is None:
        return None
    try:
        return emails.normalise(text)
    except ValueError as error:
        raise EmailNotValid(errors=[{"field": "email", "reason": str(error)}]) from error


def check_training(trained_on: date | None, *, today: date) -> None:
    """Refuse a training that has not taken place."""
    if trained_on is not None and trained_on > today:
        raise TrainedLater(day_on=trained_on)


def find_lack(standing: Standing, *, rules: Rules, on: date) -> Refusal | None:
    """Find what a referrer lacks of what the rules of the day ask for."""
    if rules.convention_required:
        if standing.structure_id is None:
            return StructureNeeded()
        if not standing.has_convention:
            return ConventionNeeded(day_on=on)
    if rules.accreditation_required and (standing.trained_on is None or standing.trained_on > on):
        return TrainingNeeded()
    return None


def require_standing(standing: Standing, *, rules: Rules, on: date) -> None:
    """Refuse a referrer who lacks what the rules of the day ask for."""
    lack = find_lack(standing, rules=rules, on=on)
    if lack is not None:
        raise lack
