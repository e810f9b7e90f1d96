"""The steps of a referral's history, and what is told of it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.facts import Fact
from kernel.envelope import Envelope
from services.referrals.domain.referral import Referral
from services.referrals.store import referrals as referral_rows


def add_steps(
    tx: Transaction, referral: Referral, steps: Sequence[str], *, caller: Caller, now: datetime
) -> None:
    """Write the steps that somebody made a referral take."""
    referral_rows.add_steps(
        tx,
        referral.referral_id,
        steps=steps,
        at=now,
        by_user_id=caller.user_id,
        by_role=caller.role,
    )


def about(referral: Referral, fact: Fact, *, id: UUID, at: datetime) -> Envelope:
    """Tell something of a referral, in the name of its site."""
    subject = str(referral.referral_id)
    return fact.tell(id=id, subject=subject, site=referral.site_code, at=at)
