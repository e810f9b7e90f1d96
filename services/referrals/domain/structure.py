"""Houses that refer people: a town's social service, an association, a landlord."""

from dataclasses import dataclass
from uuid import UUID

from stdnum.exceptions import ValidationError
from stdnum.fr import siret as sirets

from kernel.refusal import Invalid, NotFound, Refusal


class SiretNotValid(Invalid):
    """This is not a SIRET number."""

    code = "referrals.structure.siret_not_valid"


class StructureTaken(Refusal):
    """A structure with this SIRET number is known already."""

    code = "referrals.structure.taken"


class StructureUnknown(NotFound):
    """There is no such structure."""

    code = "referrals.structure.unknown"


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
