"""Referrals: sent by a social worker, answered by a site."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from services.referrals.api import Entitlement, SiteCode, Strict

Situation = Literal["exclusion", "integration", "budget"]
Need = Literal["recharge", "sim", "phone", "computer", "internet", "workshop", "mediation"]
StateName = Literal["submitted", "seen", "provisional", "accepted", "refused", "lapsed", "revoked"]
StepName = Literal[
    "submitted",
    "seen",
    "provisional",
    "accepted",
    "refused",
    "lapsed",
    "revoked",
    "first_visit",
    "renewed",
    "ended",
]
ReasonCode = Literal["not_eligible", "no_place", "duplicate", "unreachable", "other"]
#: The most a household is believed to spend on telecoms in a month.
SPEND_CENTS_MAX = 100_000
#: The most that is believed of a month's resources or charges.
MONTHLY_CENTS_MAX = 10_000_000


class PersonToRefer(Strict):
    """Who is referred; kept apart from the referral, and never told to other services."""

    given_name: Annotated[str, Field(min_length=1, max_length=80)]
    family_name: Annotated[str, Field(min_length=1, max_length=80)]
    birth_date: date
    phone: Annotated[str, Field(max_length=40)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    #: Somebody of this name and birth date is known already, and this is another person.
    namesake: bool = False


class Entry(Strict):
    """What the person has and spends at the start: what the programme's effect is measured from."""

    monthly_spend_cents: Annotated[int, Field(ge=0, le=SPEND_CENTS_MAX)]
    has_mobile: bool
    has_computer: bool
    has_internet: bool


class EnterPerson(Strict):
    """Who comes to which reception point, and with what needs."""

    person: PersonToRefer
    situation: Situation
    needs: Annotated[list[Need], Field(min_length=1, max_length=7)]
    site_code: SiteCode
    entry: Entry


class SubmitReferral(EnterPerson):
    """A social worker sends a person to a reception point."""


class ReferralSubmitted(Answer):
    """What the person takes along: a code to say and a signed text to scan.

    The referral is good on every day before `expires_on`.
    """

    referral_id: UUID
    code: str
    qr: str
    expires_on: date


class Figures(Strict):
    """What a household lives on in a month, where the site's criterion asks for it."""

    monthly_resources_cents: Annotated[int, Field(ge=0, le=MONTHLY_CENTS_MAX)]
    fixed_charges_cents: Annotated[int, Field(ge=0, le=MONTHLY_CENTS_MAX)]
    household_units: Annotated[
        Decimal,
        Field(ge=Decimal("0.1"), le=Decimal(30), decimal_places=2, strict=False),
    ]


class Decision(Strict):
    """What a manager decided and why, where the site's criterion is that."""

    eligible: bool
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Means(Strict):
    """What a site's criterion asks for; nothing where it has none."""

    figures: Figures | None = None
    decision: Decision | None = None


class AcceptReferral(Means):
    """A site takes in whom a social worker sent."""


class RevokeSlip(Strict):
    """Why a slip is no longer good."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class WalkIn(EnterPerson, Means):
    """A person who came to a site without a referral, and the structure asked to confirm them.

    Without a structure, any referrer may confirm who is given the entry.
    """

    structure_id: UUID | None = None


class WalkedIn(ReferralSubmitted):
    """A provisional entry: it ends on `expires_on` unless a referrer confirms it before."""

    person_ref: UUID
    entitlement: Entitlement


class RefuseReferral(Strict):
    """Why a site refuses a referral: words for the referrer, a code for the figures."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    reason_code: ReasonCode = "other"


class ReferralState(Answer):
    """Where a referral stands now."""

    referral_id: UUID
    state: StateName


class Step(Answer):
    """One step of a referral: what, when, and the role of who did it."""

    step: StepName
    at: datetime
    by_role: str | None


class PersonName(Answer):
    """As much of a person as a list at the reception desk shows.

    Initials alone to a referrer who has yet to confirm an entry that they were given the code of.
    """

    given_name: str
    family_name: str


class ReferralSummary(Answer):
    """A referral in a list."""

    referral_id: UUID
    code: str
    state: StateName
    site_code: str
    #: Nobody once the person's identity is erased.
    person: PersonName | None
    #: Not told to a referrer who has yet to confirm an entry that they were given the code of, nor
    #: to whoever only sells.
    situation: Situation | None
    needs: list[Need]
    submitted_at: datetime
    expires_on: date
    #: The last day on which the site answers in time.
    answer_due_on: date
    overdue: bool
    walk_in: bool


class ReferralHistory(ReferralSummary):
    """A referral with each of its steps, the oldest first."""

    person_ref: UUID | None
    refusal_reason: str | None
    revocation_reason: str | None
    steps: list[Step]


class ReferralPage(Page[UUID]):
    """The query of the list of referrals, the newest first."""

    site_code: SiteCode | None = None
    state: StateName | None = None
    overdue: Annotated[
        bool, Field(description="Those alone that the site should have answered by now.")
    ] = False
    code: Annotated[
        str | None, Field(max_length=20, description="The code of one referral, as it was said.")
    ] = None
