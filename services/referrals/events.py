"""What referrals tells, and the fields it reads of what others tell.  Names here are promises.

No name, phone number or birth date is ever in a fact: others know a person by `person_ref` alone.
"""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from chassis.facts import Fact, Heard

_REFERRAL = "0198c0de-0000-7000-8000-000000000001"
_PERSON = "5f0c1a52-53f5-4d0e-9d0c-3a1a6f2c9b11"
_EXPORT = "0198c0de-0000-7000-8000-000000000002"
_OTHER = "5f0c1a52-53f5-4d0e-9d0c-3a1a6f2c9b12"

#: More parts than any service answers an export in.
_PARTS_MAX = 10_000

#: Where a fact comes from that is about no single site.
NETWORK = "network"


class ReferralSubmitted(Fact):
    """A social worker sent somebody to a site.  Subject: the referral."""

    TYPE: ClassVar[str] = "referrals.referral.submitted.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "referral_id": _REFERRAL,
        "site_code": "saint-denis",
        "situation": "budget",
        "needs": ["recharge", "computer"],
        "expires_on": "2027-02-20",
    }

    referral_id: UUID
    site_code: str
    situation: Literal["exclusion", "integration", "budget"]
    needs: list[str]
    expires_on: date


class ReferralAccepted(Fact):
    """A site took somebody in.  Subject: the referral."""

    TYPE: ClassVar[str] = "referrals.referral.accepted.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "referral_id": _REFERRAL,
        "person_ref": _PERSON,
        "site_code": "saint-denis",
    }

    referral_id: UUID
    person_ref: UUID
    site_code: str


class ReferralRefused(Fact):
    """A site did not take somebody in.  Subject: the referral.  The words stay in referrals."""

    TYPE: ClassVar[str] = "referrals.referral.refused.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "referral_id": _REFERRAL,
        "site_code": "saint-denis",
        "reason_code": "no_place",
    }

    referral_id: UUID
    site_code: str
    reason_code: str


class ReferralLapsed(Fact):
    """Nobody took somebody in in time.  Subject: the referral."""

    TYPE: ClassVar[str] = "referrals.referral.lapsed.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "referral_id": _REFERRAL,
        "site_code": "saint-denis",
        "walk_in": False,
    }

    referral_id: UUID
    site_code: str
    #: A person who came without a referral, and whom no referrer confirmed.
    walk_in: bool


class SlipRevoked(Fact):
    """A slip is no longer good, whatever its signature says.  Subject: the referral.

    Tills keep it in mind until the day on which the slip would have expired.
    """

    TYPE: ClassVar[str] = "referrals.slip.revoked.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "referral_id": _REFERRAL,
        "site_code": "saint-denis",
        "expires_on": "2027-02-20",
    }

    referral_id: UUID
    site_code: str
    expires_on: date


class _Entitlement(Fact):
    person_ref: UUID
    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date, Field(alias="until")]
    monthly_cap_cents: int


class EntitlementOpened(_Entitlement):
    """A person may buy from the day `from` to the day before `until`: half-open.

    Subject: the person.
    """

    TYPE: ClassVar[str] = "referrals.entitlement.opened.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "person_ref": _PERSON,
        "from": "2026-11-20",
        "until": "2027-08-20",
        "monthly_cap_cents": 3000,
    }


class EntitlementRenewed(_Entitlement):
    """The whole period as it now stands, half-open: it replaces what was told before.

    So it does when a referrer confirms somebody who came without a referral.  Subject: the person.
    """

    TYPE: ClassVar[str] = "referrals.entitlement.renewed.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "person_ref": _PERSON,
        "from": "2026-11-20",
        "until": "2028-05-20",
        "monthly_cap_cents": 3000,
    }


class EntitlementEnded(Fact):
    """A person may buy no more from the day `on`, which is the `until` told before.

    Subject: the person.
    """

    TYPE: ClassVar[str] = "referrals.entitlement.ended.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {"person_ref": _PERSON, "on": "2027-08-20"}

    person_ref: UUID
    ended_on: Annotated[date, Field(alias="on")]


class PersonMerged(Fact):
    """Two references are one person.  Subject: the person merged, so that undoing comes after."""

    TYPE: ClassVar[str] = "referrals.person.merged.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {"person_ref": _PERSON, "merged_into": _OTHER}

    person_ref: UUID
    merged_into: UUID


class PersonUnmerged(Fact):
    """They are two after all, each with their own.  Subject: the person that was merged."""

    TYPE: ClassVar[str] = "referrals.person.unmerged.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {"person_ref": _PERSON, "merged_into": _OTHER}

    person_ref: UUID
    merged_into: UUID


class EntitlementShortened(_Entitlement):
    """The period as it now stands, with an earlier end: the person is being erased.

    Subject: the person, after whatever was told of their entitlement before.
    """

    TYPE: ClassVar[str] = "referrals.entitlement.shortened.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "person_ref": _PERSON,
        "from": "2026-11-20",
        "until": "2027-01-12",
        "monthly_cap_cents": 3000,
    }


class ExportRequested(Fact):
    """A person asks what the network holds on them: everybody answers.  Subject: the export."""

    TYPE: ClassVar[str] = "referrals.export.requested.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "export_id": _EXPORT,
        "person_refs": [_PERSON],
        "public_key": "x" * 43,
        "answer_until": "2026-11-24T12:00:00Z",
    }

    export_id: UUID
    #: The person and whoever was merged with them.
    person_refs: list[UUID]
    #: What answers are sealed with (X25519, base64url); made for this export alone.
    public_key: str
    answer_until: datetime


class PersonErased(Fact):
    """A person's identity is gone, and everybody forgets their words.  Subject: the person."""

    TYPE: ClassVar[str] = "referrals.person.erased.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "erasure_id": _EXPORT,
        "person_ref": _PERSON,
        "person_refs": [_PERSON],
    }

    erasure_id: UUID
    person_ref: UUID
    #: The person and whoever was merged with them.
    person_refs: list[UUID]


class SiteOpened(Heard):
    """A reception point that people can be sent to."""

    TYPE: ClassVar[str] = "accounts.site.opened.v1"

    site_code: str
    name: str
    address: str = ""


class UserCreated(Heard):
    """Somebody who signs in: a referrer may be bound to a structure."""

    TYPE: ClassVar[str] = "accounts.user.created.v1"

    user_id: UUID
    role: str

    def disabled_since(self, told_at: datetime) -> datetime | None:
        """Since when they sign in no more, by this fact of that instant."""
        return None


class UserEnabled(UserCreated):
    """Somebody who signs in again."""

    TYPE: ClassVar[str] = "accounts.user.enabled.v1"


class UserChanged(UserCreated):
    """Somebody who signs in with another role, or would if they were not disabled."""

    TYPE: ClassVar[str] = "accounts.user.changed.v1"

    disabled_at: datetime | None

    def disabled_since(self, told_at: datetime) -> datetime | None:
        """Since when they sign in no more: a change does not touch that."""
        return self.disabled_at


class UserDisabled(UserCreated):
    """Somebody who signs in no more; says the role again, for it may be heard of first."""

    TYPE: ClassVar[str] = "accounts.user.disabled.v1"

    def disabled_since(self, told_at: datetime) -> datetime | None:
        """Since when they sign in no more: since this was told."""
        return told_at


class SaleCompleted(Heard):
    """Somebody came and bought: the referrer learns of the first time."""

    TYPE: ClassVar[str] = "recharges.sale.completed.v1"

    person_ref: UUID


class PersonSeen(Heard):
    """Somebody came and bought a device, or their mediation case was opened or closed."""

    TYPE: ClassVar[str] = "equipment.device.sold.v1"

    person_ref: UUID
    case_id: UUID | None = None
    opened_on: date | None = None
    closed_on: date | None = None


class ExportAnswered(Heard):
    """A part of what a service holds on a person, sealed for the one export."""

    TYPE: ClassVar[str] = "recharges.export.answered.v1"

    export_id: UUID
    part: Annotated[int, Field(ge=1, le=_PARTS_MAX)]
    part_count: Annotated[int, Field(ge=1, le=_PARTS_MAX)]
    box: str


class ErasureAcknowledged(Heard):
    """A service's receipt of an erasure."""

    TYPE: ClassVar[str] = "recharges.erasure.acknowledged.v1"

    erasure_id: UUID
    counts: dict[str, int]
