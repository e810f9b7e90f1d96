"""People, what they may buy, and who is whom."""

from uuid import UUID

from chassis.http import Answer
from services.referrals.api import Entitlement, Strict
from services.referrals.api.referrals import Means


class MergePerson(Strict):
    """Whom a person is, as it turned out."""

    into: UUID


class Merge(Answer):
    """Whom a person is merged into; nobody once that is undone."""

    person_ref: UUID
    merged_into: UUID | None


class Entitled(Answer):
    """The person under the name other services know, and what they may buy."""

    person_ref: UUID
    entitlement: Entitlement


class RenewEntitlement(Means):
    """The new referral that a renewal needs, and what the site's criterion asks for."""

    referral_id: UUID


class Person(Answer):
    """What a till sees of a person: the name to greet and what they may buy."""

    person_ref: UUID
    given_name: str
    family_name: str
    entitlement: Entitlement | None
    #: Their data are kept, and nothing is decided by them (GDPR, article 18).
    use_restricted: bool
