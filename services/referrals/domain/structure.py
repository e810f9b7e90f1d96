"""Houses that refer people: a town's social service, an association, a landlord."""

import re
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from stdnum.exceptions import ValidationError
from stdnum.fr import siret as sirets

from kernel.refusal import Invalid, NotFound, Refusal

# An association's number in the national directory (arrêté du 14 octobre 2009): W, the department
# and number of the registry that gave it, six digits.  It has no check digit.  The second sign of
# the department is a letter in Corsica and overseas: W2A, W9R.
_RNA = re.compile(r"W[0-9][0-9A-Z][0-9]{7}")


class SiretNotValid(Invalid):
    """This is not a SIRET number."""

    code = "referrals.structure.siret_not_valid"


class RnaNotValid(Invalid):
    """This is not a number of the national directory of associations: W and nine signs."""

    code = "referrals.structure.rna_not_valid"


class NumberMissing(Invalid):
    """A structure is known by its SIRET number, or an association by its number in the national
    directory (RNA): give one of the two.
    """

    code = "referrals.structure.number_missing"


class StructureTaken(Refusal):
    """A structure with this SIRET number or RNA number is known already."""

    code = "referrals.structure.taken"


class StructureUnknown(NotFound):
    """There is no such structure."""

    code = "referrals.structure.unknown"


class ConventionOverlaps(Refusal):
    """This structure has a convention for some of these days already: {reference}."""

    code = "referrals.convention.overlaps"


class ConventionUnknown(NotFound):
    """There is no such convention of this structure."""

    code = "referrals.convention.unknown"


class ConventionEndsOtherwise(Refusal):
    """This convention cannot end on {ends_on}: only from today on, within its days."""

    code = "referrals.convention.ends_otherwise"


class DaysReversed(Invalid):
    """A period ends after it begins."""

    code = "referrals.convention.days_reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A house that refers people."""

    structure_id: UUID
    name: str
    kind: str
    siret: str | None = None
    rna: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """What a structure signed; it is in force from its first day to the day before `until_on`."""

    convention_id: UUID
    structure_id: UUID
    reference: str
    from_on: date
    until_on: date | None


def require_number(*, siret: str | None, rna: str | None) -> None:
    """Refuse a structure that nobody could look up."""
    if siret is None and rna is None:
        raise NumberMissing(errors=[{"field": "siret", "reason": NumberMissing.sentence()}])


def normalise_siret(text: str) -> str:
    """Return the fourteen digits of a SIRET number; refuse what is none."""
    try:
        siret: str = sirets.validate(text)
    except ValidationError as error:
        wrong = [{"field": "siret", "reason": SiretNotValid.sentence()}]
        raise SiretNotValid(errors=wrong) from error
    return siret


def normalise_rna(text: str) -> str:
    """Return an association's number as it is written; refuse what is none."""
    rna = "".join(text.upper().split())
    if not (rna.isascii() and _RNA.fullmatch(rna)):
        raise RnaNotValid(errors=[{"field": "rna", "reason": RnaNotValid.sentence()}])
    return rna


def check_days(*, from_on: date, until_on: date | None) -> None:
    """Refuse a period that ends before it has begun."""
    if until_on is not None and until_on <= from_on:
        wrong = [{"field": "until", "reason": DaysReversed.sentence()}]
        raise DaysReversed(errors=wrong)


def end(convention: Convention | None, *, ends_on: date, today: date) -> Convention:
    """End a convention; what was referred on its strength before today stays as it was."""
    if convention is None:
        raise ConventionUnknown()
    over = convention.until_on is not None and ends_on > convention.until_on
    if over or ends_on < max(today, convention.from_on):
        raise ConventionEndsOtherwise(ends_on=ends_on)
    return replace(convention, until_on=ends_on)
