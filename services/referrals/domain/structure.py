"""Houses that refer people: a town's social service, an association, a landlord."""

from dataclasses import dataclass
from uuid import UUID

from stdnum.exceptions import ValidationError
from stdnum.fr import siret as sirets

from kernel.refusal import Invalid, NotFound, Refusal

REFERRER = "referrer"


class SiretNotValid(Invalid):
    """This is not a SIRET number."""

    code = "referrals.structure.siret_not_valid"


class StructureTaken(Refusal):
    """A structure with this SIRET number is known already."""

    code = "referrals.structure.taken"


class StructureUnknown(NotFound):
    """There is no such structure."""

    code = "referrals.structure.unknown"


class WorkerUnknown(Refusal):
    """Nobody of this identifier is known here. A new account is known in a moment."""

    code = "referrals.worker.unknown"


class WorkerNotReferrer(Refusal):
    """This user's role is {role}: only a referrer refers people in the name of a structure."""

    code = "referrals.worker.not_a_referrer"


class WorkerDisabled(Refusal):
    """This user's account is disabled."""

    code = "referrals.worker.disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """What accounts tells of somebody who signs in."""

    user_id: UUID
    role: str
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A house that refers people."""

    structure_id: UUID
    name: str
    kind: str
    siret: str | None = None


def normalise_siret(text: str) -> str:
    """Return the fourteen digits of a SIRET number; refuse what is none."""
    try:
        siret: str = sirets.validate(text)
    except ValidationError as error:
        wrong = [{"field": "siret", "reason": SiretNotValid.sentence()}]
        raise SiretNotValid(errors=wrong) from error
    return siret


def check_worker(user: User | None) -> None:
    """Refuse whoever cannot refer people."""
    if user is None:
        raise WorkerUnknown()
    if user.role != REFERRER:
        raise WorkerNotReferrer(role=user.role)
    if user.disabled:
        raise WorkerDisabled()
