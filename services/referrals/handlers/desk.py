"""What the pages of a reception desk show, each part only to who may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from chassis import aliases
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals.api import referrals as referral_api
from services.referrals.api.finding import FoundPerson
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain.criterion import Setting
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import PersonUnknown
from services.referrals.handlers import showing
from services.referrals.store import Row, finding, network
from services.referrals.store import criteria as criterion_rows
from services.referrals.store import desk as rows
from services.referrals.store import entitlements as entitlement_rows
from services.referrals.store.accesses import note_access

_MANAGERS = frozenset({"site_manager", "admin"})
#: More than a desk has on its table; what is beyond it comes up as the first are answered.
SHOWN_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Which parts of a person's file somebody may see, and what they may do there.

    Who sells sees a name and an entitlement; a volunteer opens no file.
    """

    history: bool
    correcting: bool
    managing: bool

    @classmethod
    def of(cls, caller: Caller) -> "Sight":
        """Say what a caller may see."""
        return cls(
            history=showing.follows_people(caller),
            correcting=not caller.volunteer,
            managing=caller.role in _MANAGERS,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What lies on a site's table today."""

    #: To be answered: those that are late first, then the oldest first.
    waiting: Sequence[referral_api.ReferralSummary]
    #: In provisionally, until a referrer confirms.
    provisional: Sequence[referral_api.ReferralSummary]
    answered: Sequence[referral_api.ReferralSummary]

    @property
    def latest(self) -> UUID | None:
        """The last that came in; ids sort by time."""
        lying_here = (*self.waiting, *self.provisional, *self.answered)
        return max((each.referral_id for each in lying_here), default=None)

    @property
    def overdue_count(self) -> int:
        """How many should have been answered by now."""
        return sum(each.overdue for each in self.waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralFile:
    """A referral as the desk that answers it reads it."""

    history: referral_api.ReferralHistory
    #: Nobody once the person is erased.
    person_ref: UUID | None
    particulars: Row
    criterion: Setting
    #: What the person has already: a yes is then a renewal.
    standing: Entitlement | None
    #: The end that a renewal would lead to; none where nothing can be renewed.
    renewed_until_on: date | None
    sight: Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """A person as a desk sees them; what the caller may not see is empty."""

    person: FoundPerson
    standing: Entitlement | None
    sight: Sight
    referrals: Sequence[referral_api.ReferralSummary] = ()
    #: Whom this person turned out to be as well; each merge can be undone.
    merges: Sequence[Row] = ()
    #: All that the person has and had, the last to end first.
    held: Sequence[Entitlement] = ()
    #: Every reference of the person: whom an erasure means.
    person_refs: Sequence[UUID] = ()
    #: The end that a renewal would lead to; none where nothing can be renewed.
    renewed_until_on: date | None = None
    #: Whether the end is near.
    ends_soon: bool = False


def list_own_sites(tx: Transaction, *, caller: Caller) -> list[Row]:
    """List the sites at which somebody works, by name; an administrator works at all of them."""
    return sorted(
        (row for row in network.list_sites(tx) if caller.works_at(row["site_code"])),
        key=lambda row: row["name"],
    )


def show_day(tx: Transaction, site_code: str, *, caller: Caller, now: datetime) -> Day:
    """Show what a site has to answer, and what it has answered today."""
    caller.require_site(site_code)
    today = business_date(now)
    rules = network.find_rules(tx, on=today)
    open_ones = rows.list_waiting(tx, site_code, today=today, limit=SHOWN_MAX)
    since = showing.first_instant(today)
    answered = rows.list_answered(tx, site_code, since=since, limit=SHOWN_MAX)
    seen = {row["person_ref"] for row in (*open_ones, *answered)}
    note_access(tx, caller, seen, what="referrals_listed", now=now)
    shown = [showing.summarise(row, today=today, rules=rules, caller=caller) for row in open_ones]
    waiting = [each for each in shown if each.state != "provisional"]
    return Day(
        waiting=sorted(waiting, key=lambda each: not each.overdue),
        provisional=[each for each in shown if each.state == "provisional"],
        answered=[
            showing.summarise(row, today=today, rules=rules, caller=caller) for row in answered
        ],
    )


def count_newer(
    tx: Transaction, site_code: str, *, after: UUID | None, caller: Caller, now: datetime
) -> int:
    """Count the referrals that wait at a site and came after one; nobody is named."""
    caller.require_site(site_code)
    return rows.count_newer(tx, site_code, after=after, today=business_date(now))


def show_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime
) -> ReferralFile:
    """Show a referral to the desk that answers it."""
    today = business_date(now)
    history = showing.show_referral(tx, referral_id, caller=caller, now=now)
    particulars = rows.find_particulars(tx, referral_id)
    if particulars is None:
        raise referrals.ReferralUnknown()
    person_ref: UUID = particulars["person_ref"]
    held = entitlement_rows.list_entitlements(tx, person_ref)
    return ReferralFile(
        history=history,
        person_ref=None if history.person is None else person_ref,
        particulars=particulars,
        criterion=criterion_rows.find_criterion(tx, history.site_code, on=today),
        standing=entitlements.standing(held, on=today),
        renewed_until_on=entitlements.renewable_to(
            next(iter(held), None), rules=network.find_rules(tx, on=today), on=today
        ),
        sight=Sight.of(caller),
    )


def show_person(tx: Transaction, person_ref: UUID, *, caller: Caller, now: datetime) -> PersonFile:
    """Show a person: who they are, what they may buy, and what else the caller may see."""
    today = business_date(now)
    sight = Sight.of(caller)
    person_refs = aliases.references(tx, person_ref)
    found = finding.list_found(tx, person_refs[:1])
    if not found:
        raise PersonUnknown()
    note_access(tx, caller, person_refs[:1], what="person_shown", now=now)
    held = entitlement_rows.list_entitlements(tx, person_ref)
    rules = network.find_rules(tx, on=today)
    history = (
        rows.list_referrals_of(tx, person_refs, site_codes=caller.sites_seen, limit=SHOWN_MAX)
        if sight.history
        else []
    )
    return PersonFile(
        person=FoundPerson(**found[0]),
        standing=entitlements.standing(held, on=today),
        sight=sight,
        referrals=[
            showing.summarise(row, today=today, rules=rules, caller=caller) for row in history
        ],
        merges=rows.list_merges(tx, person_refs) if sight.managing else (),
        held=held,
        person_refs=person_refs,
        renewed_until_on=entitlements.renewable_to(next(iter(held), None), rules=rules, on=today),
        ends_soon=entitlements.is_renewal_soon(next(iter(held), None), on=today),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What two files come to if they are one person's."""

    files: tuple[PersonFile, PersonFile]
    #: What the one person may buy: of several, the highest cap, then the last to end.
    standing: Entitlement | None


def preview_merge(
    tx: Transaction, person_ref: UUID, other: UUID, *, caller: Caller, now: datetime
) -> Joined:
    """Show what joins if two people are one; nothing of either is moved."""
    files = (
        show_person(tx, person_ref, caller=caller, now=now),
        show_person(tx, other, caller=caller, now=now),
    )
    held = [each for file in files for each in file.held]
    return Joined(files=files, standing=entitlements.standing(held, on=business_date(now)))


def count_by_site(tx: Transaction, *, caller: Caller, now: datetime) -> list[Row]:
    """Count what waits and is late at each of the caller's sites, and who was taken in this month.

    The latest first; nobody is named, so nothing is noted.
    """
    today = business_date(now)
    return rows.count_by_site(
        tx,
        site_codes=caller.sites_seen,
        today=today,
        answer_before=showing.answer_before(network.find_rules(tx, on=today), today=today),
        since=showing.first_instant(today.replace(day=1)),
    )
