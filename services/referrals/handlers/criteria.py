"""By what a site decides whom it takes in: set by its manager, asked of each acceptance."""

from datetime import datetime

from chassis.auth import Caller
from chassis.db import Transaction
from kernel.money import Cents
from kernel.period import business_date
from services.referrals.api import criteria as criterion_api
from services.referrals.api import referrals as referral_api
from services.referrals.domain import criteria
from services.referrals.domain import referral as referrals
from services.referrals.domain.criterion import Decision, Figures, Given, Setting, check_start
from services.referrals.domain.referral import Referral
from services.referrals.store import criteria as criterion_rows

_MANAGERS = ("site_manager", "admin")


def require_criterion(
    tx: Transaction,
    referral: Referral,
    body: referral_api.Means,
    *,
    caller: Caller,
    now: datetime,
) -> None:
    """Refuse whom the site's criterion of the day refuses; keep what a yes was based on."""
    setting = criterion_rows.find_criterion(tx, referral.site_code, on=business_date(now))
    answer = criteria.of(setting).judge(_given(body, caller=caller))
    if answer is not None:
        criterion_rows.add_criterion_answer(
            tx,
            referral.referral_id,
            criterion=setting.criterion,
            answer=answer,
            at=now,
            by_user_id=caller.user_id,
        )


def set_criterion(
    tx: Transaction,
    site_code: str,
    body: criterion_api.SetCriterion,
    *,
    caller: Caller,
    now: datetime,
) -> list[criterion_api.SiteCriterion]:
    """Set the criterion of a site from a day on; what was decided before stays as it was."""
    caller.require_site(site_code)
    check_start(body.from_on, today=business_date(now))
    threshold = body.threshold_day_cents
    setting = Setting(
        criterion=body.criterion,
        threshold_day_cents=None if threshold is None else Cents(threshold),
    )
    known = criterion_rows.set_criterion(
        tx, site_code, setting, from_on=body.from_on, now=now, by_user_id=caller.user_id
    )
    if not known:
        raise referrals.SiteUnknown(site_code=site_code)
    return list_criteria(tx, site_code, caller=caller)


def list_criteria(
    tx: Transaction, site_code: str, *, caller: Caller
) -> list[criterion_api.SiteCriterion]:
    """List the criteria of a site, the latest first; without one it asks for nothing."""
    caller.require_site(site_code)
    rows = criterion_rows.list_criteria(tx, site_code)
    return [criterion_api.SiteCriterion(**row) for row in rows]


def find_criterion(tx: Transaction, site_code: str, *, caller: Caller, now: datetime) -> Setting:
    """Find what a site asks of an acceptance today."""
    caller.require_site(site_code)
    return criterion_rows.find_criterion(tx, site_code, on=business_date(now))


def _given(body: referral_api.Means, *, caller: Caller) -> Given:
    figures, decision = body.figures, body.decision
    return Given(
        figures=None
        if figures is None
        else Figures(
            monthly_resources_cents=Cents(figures.monthly_resources_cents),
            fixed_charges_cents=Cents(figures.fixed_charges_cents),
            household_units=figures.household_units,
        ),
        decision=None
        if decision is None
        else Decision(eligible=decision.eligible, reason=decision.reason),
        by_manager=caller.role in _MANAGERS,
    )
