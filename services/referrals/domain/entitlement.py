"""What a person may buy, and until when: one entitlement at a time in the whole network.

A period is half-open: it begins on `from_on` and its last day is the day before `until_on`.  Who
came without a referral has a short one, provisional until a referrer confirms it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from kernel.money import Cents
from kernel.period import add_months
from kernel.refusal import Refusal
from services.referrals.domain.rule import Rules

#: Whoever renews sooner gives nobody time to see whether the help is still needed.
_SOON_MONTHS = 3


class EntitlementActive(Refusal):
    """This person has an entitlement already; its last day is {last_on}."""

    code = "referrals.entitlement.active"


class EntitlementMissing(Refusal):
    """This person has no entitlement in force that could be renewed."""

    code = "referrals.entitlement.missing"


class EntitlementProvisional(Refusal):
    """This entitlement is provisional until a referrer confirms it; it cannot be renewed."""

    code = "referrals.entitlement.provisional"


class RenewedAlready(Refusal):
    """This entitlement has been renewed already; its last day is {last_on}."""

    code = "referrals.entitlement.renewed_already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """The right to buy at solidarity prices, up to a cap in each calendar month."""

    entitlement_id: UUID
    person_ref: UUID
    from_on: date
    until_on: date
    monthly_cap_cents: Cents
    renewal_count: int = 0
    provisional: bool = False
    #: Whether its end has been told: nothing brings it back then.
    ended: bool = False

    @property
    def last_on(self) -> date:
        """The last day of the entitlement."""
        return self.until_on - timedelta(days=1)


def is_active(entitlement: Entitlement | None, *, on: date) -> bool:
    """Say whether the entitlement is in force on a day."""
    return (
        entitlement is not None
        and not entitlement.ended
        and entitlement.from_on <= on < entitlement.until_on
    )


def standing(entitlements: Sequence[Entitlement], *, on: date) -> Entitlement | None:
    """Return what a person may buy by on a day: of several, the highest cap, then the last to end.

    Only who was merged has several: each reference keeps its own, none is taken away.
    """
    in_force = [each for each in entitlements if is_active(each, on=on)]
    return max(in_force, key=lambda each: (each.monthly_cap_cents, each.until_on), default=None)


def grant(
    *,
    entitlement_id: UUID,
    person_ref: UUID,
    latest: Entitlement | None,
    rules: Rules,
    on: date,
    provisional: bool = False,
) -> Entitlement:
    """Open an entitlement from today, unless the person's latest one has not ended."""
    if latest is not None and on < latest.until_on:
        raise EntitlementActive(last_on=latest.last_on)
    months = rules.walk_in_months if provisional else rules.entitlement_months
    return Entitlement(
        entitlement_id=entitlement_id,
        person_ref=person_ref,
        from_on=on,
        until_on=add_months(on, months),
        monthly_cap_cents=rules.monthly_cap_cents,
        provisional=provisional,
    )


def confirm(latest: Entitlement | None, *, rules: Rules, on: date) -> Entitlement:
    """Make the provisional entitlement in force a whole one, counted from its first day."""
    if latest is None or not (latest.provisional and is_active(latest, on=on)):
        raise EntitlementMissing()
    whole = add_months(latest.from_on, rules.entitlement_months)
    return replace(
        latest,
        until_on=max(whole, latest.until_on),
        monthly_cap_cents=rules.monthly_cap_cents,
        provisional=False,
    )


def renew(latest: Entitlement | None, *, rules: Rules, on: date) -> Entitlement:
    """Extend the entitlement in force by one more period, as often as the rules allow (once)."""
    if latest is None or not is_active(latest, on=on):
        raise EntitlementMissing()
    if latest.provisional:
        raise EntitlementProvisional()
    if latest.renewal_count >= rules.renewals_max:
        raise RenewedAlready(last_on=latest.last_on)
    return replace(
        latest,
        until_on=add_months(latest.until_on, rules.entitlement_months),
        monthly_cap_cents=rules.monthly_cap_cents,
        renewal_count=latest.renewal_count + 1,
    )


def renewable_to(latest: Entitlement | None, *, rules: Rules, on: date) -> date | None:
    """Return the end that a renewal would lead to; none where nothing can be renewed."""
    try:
        return renew(latest, rules=rules, on=on).until_on
    except Refusal:
        return None


def is_renewal_soon(latest: Entitlement | None, *, on: date) -> bool:
    """Say whether an entitlement is near enough its end to be renewed before anything else."""
    return latest is not None and latest.until_on <= add_months(on, _SOON_MONTHS)
