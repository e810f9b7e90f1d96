"""What a referrer's pages show: where people can be sent, and how far each referral has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from services.referrals.api import referrals as referral_api
from services.referrals.handlers import showing
from services.referrals.store import Row, network
from services.referrals.store import desk as rows

#: More entries that wait for one referrer than a screen shows.
_TO_CONFIRM_MAX = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A referral, and how far it has come."""

    referral: referral_api.ReferralSummary
    steps: Sequence[Row]


def list_followed(
    tx: Transaction, page: referral_api.ReferralPage, *, caller: Caller, now: datetime
) -> Paged[Followed]:
    """List a referrer's own referrals and their house's, each with its steps."""
    found = showing.list_referrals(tx, page, caller=caller, now=now)
    steps = rows.list_steps(tx, [each.referral_id for each in found.items])
    return Paged(
        items=[
            Followed(referral=each, steps=steps.get(each.referral_id, ())) for each in found.items
        ],
        last=found.last,
    )


def list_to_confirm(
    tx: Transaction, *, caller: Caller, now: datetime
) -> Sequence[referral_api.ReferralSummary]:
    """List the entries of people who came by themselves, and who wait for this referrer's word."""
    page = referral_api.ReferralPage(state="provisional", limit=_TO_CONFIRM_MAX)
    return showing.list_referrals(tx, page, caller=caller, now=now).items


def list_places(tx: Transaction, *, caller: Caller) -> tuple[list[Row], str | None]:
    """List where people can be sent, by name, and where this referrer sent somebody last."""
    sites = sorted(network.list_sites(tx), key=lambda row: str(row["name"]))
    return sites, rows.find_usual_site(tx, caller.user_id)


def show_followed(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime
) -> tuple[referral_api.ReferralHistory, Row | None]:
    """Show a referral with its steps, and the site that answers it."""
    history = showing.show_referral(tx, referral_id, caller=caller, now=now)
    sites = {row["site_code"]: row for row in network.list_sites(tx)}
    return history, sites.get(history.site_code)
