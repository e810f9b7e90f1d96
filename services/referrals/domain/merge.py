"""Two references that are one person: merged into one another, never in a circle, and undone."""

from collections.abc import Mapping
from uuid import UUID

from kernel.refusal import Refusal


class MergedAlready(Refusal):
    """This person has been merged into another already. Undo that first."""

    code = "referrals.person.merged_already"


class SamePerson(Refusal):
    """These two are the same person already."""

    code = "referrals.person.same"


class NotMerged(Refusal):
    """This person is not merged into another."""

    code = "referrals.person.not_merged"


def require_apart(person_ref: UUID, into: UUID, *, merges: Mapping[UUID, UUID]) -> None:
    """Refuse to merge somebody a second time, or into who they are already.

    `merges` is every merge that stands on the way from the two to the ends of their chains.
    """
    if person_ref in merges:
        raise MergedAlready()
    end = into
    while end in merges:
        end = merges[end]
    if end == person_ref:
        raise SamePerson()
