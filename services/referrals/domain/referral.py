"""The life of one referral, from a social worker's desk to the site's answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.period import add_months
from kernel.refusal import Invalid, NotFound, Refusal
from services.referrals.domain.rule import Rules


class State(StrEnum):
    """Where a referral stands."""

    SUBMITTED = "submitted"
    SEEN = "seen"
    PROVISIONAL = "provisional"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    REVOKED = "revoked"


class Verb(StrEnum):
    """What a site, a referrer or the calendar does with a referral."""

    SEE = "see"
    ACCEPT = "accept"
    REFUSE = "refuse"
    CONFIRM = "confirm"
    REVOKE = "revoke"
    LAPSE = "lapse"


# The whole life cycle, readable at a glance: the states that a verb leads through.  What is not
# listed is refused.  Whoever accepts or refuses has seen it; a second look changes nothing.  Who
# came by themselves is in provisionally until a referrer confirms.  What follows an acceptance is
# the entitlement's life, shown as steps of the referral: first visit, then renewed or ended.
TRANSITIONS: Mapping[State, Mapping[Verb, tuple[State, ...]]] = {
    State.SUBMITTED: {
        Verb.SEE: (State.SEEN,),
        Verb.ACCEPT: (State.SEEN, State.ACCEPTED),
        Verb.REFUSE: (State.SEEN, State.REFUSED),
        Verb.REVOKE: (State.REVOKED,),
        Verb.LAPSE: (State.LAPSED,),
    },
    State.SEEN: {
        Verb.SEE: (),
        Verb.ACCEPT: (State.ACCEPTED,),
        Verb.REFUSE: (State.REFUSED,),
        Verb.REVOKE: (State.REVOKED,),
        Verb.LAPSE: (State.LAPSED,),
    },
    State.PROVISIONAL: {
        Verb.CONFIRM: (State.ACCEPTED,),
        Verb.LAPSE: (State.LAPSED,),
    },
    State.ACCEPTED: {},
    State.REFUSED: {},
    State.LAPSED: {},
    State.REVOKED: {},
}
#: States that time ends, unless somebody does before.
OPEN = frozenset(state for state, verbs in TRANSITIONS.items() if Verb.LAPSE in verbs)


class ReferralUnknown(NotFound):
    """There is no such referral."""

    code = "referrals.referral.unknown"


class ReferralLapsed(Refusal):
    """This referral lapsed on {expires_on}. A new referral is needed."""

    code = "referrals.referral.lapsed"


class ReferralRevoked(Refusal):
    """This referral has been revoked. A new one is needed."""

    code = "referrals.referral.revoked"


class AwaitsConfirmation(Refusal):
    """This person came without a referral: a referrer has to confirm the entry."""

    code = "referrals.referral.awaits_confirmation"


class NoWalkIn(Refusal):
    """Only the entry of a person who came without a referral is confirmed."""

    code = "referrals.referral.no_walk_in"


class OutOfTurn(Refusal):
    """This referral has been accepted or refused already."""

    code = "referrals.referral.out_of_turn"


class OtherPerson(Refusal):
    """This referral is another person's."""

    code = "referrals.referral.other_person"


class OpenAlready(Refusal):
    """This person has an open referral already: {referral_code}, at the site {site_code}."""

    code = "referrals.referral.open_already"


class OpenElsewhere(Refusal):
    """This person has an open referral already: a site has yet to answer it."""

    code = "referrals.referral.open_elsewhere"


class WalkedInAlready(Refusal):
    """This person is in provisionally already: {referral_code}. A referrer has to confirm the entry
    by {last_on}.
    """

    code = "referrals.walk_in.open_already"


class WalkedInElsewhere(Refusal):
    """This person has been taken in provisionally already. No new referral is needed: confirm the
    entry, by the code on the slip that they were given.
    """

    code = "referrals.walk_in.open_elsewhere"


class WalkedInBefore(Refusal):
    """This person's last entry without a referral was never confirmed. A referral is needed."""

    code = "referrals.walk_in.unconfirmed_before"


class NeedTwice(Invalid):
    """A need is named twice."""

    code = "referrals.referral.need_twice"


class SiteUnknown(Refusal):
    """There is no open site {site_code}."""

    code = "referrals.site.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral:
    """What decides about a referral; it is good on every day before `expires_on`."""

    referral_id: UUID
    person_ref: UUID
    site_code: str
    state: State
    expires_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A referral as one who would refer the same person may know it."""

    code: str
    site_code: str
    state: State
    expires_on: date
    referrer_id: UUID | None
    structure_id: UUID | None


def is_seen_by(
    referrer_id: UUID | None,
    *,
    structure_id: UUID | None,
    user_id: UUID,
    of_structure_id: UUID | None,
) -> bool:
    """Say whether a referrer sees a referral: their own, and those of the house they work for."""
    return referrer_id == user_id or (structure_id is not None and structure_id == of_structure_id)


def refuse_second(open_one: Sent | None, *, user_id: UUID, structure_id: UUID | None) -> None:
    """Refuse another referral of a person while one is open, anywhere in the network.

    Which house sends a person says something about them: another house learns only that there is
    a referral.
    """
    if open_one is None:
        return
    if is_seen_by(
        open_one.referrer_id,
        structure_id=open_one.structure_id,
        user_id=user_id,
        of_structure_id=structure_id,
    ):
        raise _open_already(open_one)
    raise WalkedInElsewhere() if open_one.state is State.PROVISIONAL else OpenElsewhere()


def refuse_second_entry(open_one: Sent | None, *, site_code: str) -> None:
    """Refuse an entry at a desk while a referral is open; a desk knows those of its own site."""
    if open_one is None:
        return
    if open_one.site_code != site_code:
        raise OpenElsewhere()
    raise _open_already(open_one)


def _open_already(open_one: Sent) -> Refusal:
    if open_one.state is State.PROVISIONAL:
        last_on = open_one.expires_on - timedelta(days=1)
        return WalkedInAlready(referral_code=open_one.code, last_on=last_on)
    return OpenAlready(referral_code=open_one.code, site_code=open_one.site_code)


def awaits_any_referrer(
    state: State, *, referrer_id: UUID | None, structure_id: UUID | None
) -> bool:
    """Say whether any referrer who is told the code of an entry may confirm it."""
    return state is State.PROVISIONAL and referrer_id is None and structure_id is None


def good_until(*, submitted_on: date, rules: Rules) -> date:
    """Return the first day on which a referral is no longer good."""
    return add_months(submitted_on, rules.referral_months)


def check_needs(needs: Sequence[str]) -> None:
    """Refuse a need that is named twice."""
    if len(set(needs)) != len(needs):
        raise NeedTwice(errors=[{"field": "needs", "reason": NeedTwice.sentence()}])


def state_on(state: State, *, expires_on: date, on: date) -> State:
    """Return the state on a day: a referral that nobody answered lapses by the calendar alone."""
    return State.LAPSED if state in OPEN and on >= expires_on else state


def require_open(state: State, *, expires_on: date, on: date) -> None:
    """Refuse a referral that was answered, revoked, or has lapsed."""
    state = state_on(state, expires_on=expires_on, on=on)
    if state is State.LAPSED:
        raise ReferralLapsed(expires_on=expires_on)
    if state is State.REVOKED:
        raise ReferralRevoked()
    if state not in OPEN:
        raise OutOfTurn()


def is_printable(state: State, *, used: bool, expires_on: date, on: date) -> bool:
    """Say whether a slip is of use on paper: it may be lost until the person has come with it."""
    waits = state in OPEN or (state is State.ACCEPTED and not used)
    return waits and on < expires_on


def require_printable(state: State, *, used: bool, expires_on: date, on: date) -> None:
    """Refuse a slip that is of no use any more."""
    if not is_printable(state, used=used, expires_on=expires_on, on=on):
        require_open(state, expires_on=expires_on, on=on)


def move(referral: Referral, verb: Verb, *, on: date) -> tuple[Referral, tuple[State, ...]]:
    """Do what somebody asks; return the referral and the states it went through."""
    state = state_on(referral.state, expires_on=referral.expires_on, on=on)
    if verb not in TRANSITIONS[state]:
        raise _no_turn(state, verb, expires_on=referral.expires_on)
    steps = TRANSITIONS[state][verb]
    return replace(referral, state=steps[-1] if steps else state), steps


def _no_turn(state: State, verb: Verb, *, expires_on: date) -> Refusal:
    if state is State.LAPSED:
        return ReferralLapsed(expires_on=expires_on)
    if state is State.REVOKED:
        return ReferralRevoked()
    if state is State.PROVISIONAL:
        return AwaitsConfirmation()
    if verb is Verb.CONFIRM:
        return NoWalkIn()
    return OutOfTurn()
