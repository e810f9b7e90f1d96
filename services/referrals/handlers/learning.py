"""What others tell: sites, users, sales."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from kernel.envelope import Envelope
from services.referrals import events
from services.referrals.handlers.steps import write_to_referrers
from services.referrals.store import network, retention
from services.referrals.store import referrals as referral_rows

_USERS = {
    kind.TYPE: kind
    for kind in (
        events.UserCreated,
        events.UserChanged,
        events.UserDisabled,
        events.UserEnabled,
    )
}


def learn_sites(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Know the sites that people can be sent to."""
    heard = [(events.SiteOpened.hear(fact), fact.time) for fact in facts]
    network.add_sites(
        tx, [(site.site_code, site.name, site.address, told_at) for site, told_at in heard]
    )


def learn_users(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Know who signs in, and who no longer does; each fact says all there is to know."""
    heard = [(_USERS[fact.type].hear(fact), fact) for fact in facts]
    network.learn_users(
        tx,
        [
            (user.user_id, user.role, user.disabled_since(fact.time), fact.sequence)
            for user, fact in heard
        ],
    )


def note_visits(
    tx: Transaction, facts: Sequence[Envelope], *, now: datetime, new_id: Callable[[], UUID]
) -> None:
    """Let referrers know of the first time the person they sent came and bought."""
    heard = [(events.SaleCompleted.hear(fact).person_ref, fact.time) for fact in facts]
    # Referrals before pseudonyms, as whoever erases locks them.
    visited = referral_rows.add_first_visits(tx, heard)
    retention.note_contacts(tx, heard)
    write_to_referrers(tx, "first_visit", visited, now=now, new_id=new_id)
