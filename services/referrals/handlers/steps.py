"""The steps of a referral's history, what is told of it, and what its referrer is written."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis import mail
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.facts import Fact
from chassis.mail import Mail
from kernel.envelope import Envelope
from kernel.period import business_date
from services.referrals.domain.referral import Referral
from services.referrals.printing import letters
from services.referrals.store import referrals as referral_rows
from services.referrals.store import retention
from services.referrals.store import workers as worker_rows

Ids = Callable[[], UUID]
_log = logging.getLogger(__name__)


def add_steps(
    tx: Transaction,
    referral: Referral,
    steps: Sequence[str],
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> None:
    """Write the steps that somebody made a referral take; its referrer is written of the last."""
    if not steps:
        return
    referral_rows.add_steps(
        tx,
        referral.referral_id,
        steps=steps,
        at=now,
        by_user_id=caller.user_id,
        by_role=caller.role,
    )
    retention.note_contacts(tx, [(referral.person_ref, now)])
    write_to_referrers(tx, steps[-1], [referral.referral_id], now=now, new_id=new_id)


def write_to_referrers(
    tx: Transaction,
    step: str,
    referral_ids: Sequence[UUID],
    *,
    now: datetime,
    new_id: Ids,
    until_on: Mapping[UUID, date] | None = None,
) -> None:
    """Leave a mail of a step for the referrer of each referral, where an address is known.

    `until_on` says when what the step is about is over, if that is not the referral itself.
    """
    for each in worker_rows.list_correspondents(tx, referral_ids, on=business_date(now)):
        over_on = (until_on or {}).get(each["referral_id"], each["expires_on"])
        written = letters.to_referrer(
            step,
            to=each["email"],
            language=each["language"],
            code=each["code"],
            initials=letters.initials(each["given_initial"], each["family_initial"]),
            site=each["site_name"],
            last_on=over_on - timedelta(days=1),
        )
        file_mail(
            tx, written, kind=f"referral_{step}", about=each["referral_id"], now=now, new_id=new_id
        )


def file_mail(
    tx: Transaction, written: Mail, *, kind: str, about: UUID, now: datetime, new_id: Ids
) -> None:
    """Leave a mail; an address that cannot be written to must not stop what it is about."""
    try:
        mail.file(tx, written, kind=kind, about=str(about), now=now, mail_id=new_id())
    except ValueError:
        _log.warning("an address cannot be written to", extra={"kind": kind, "about": str(about)})


def about(referral: Referral, fact: Fact, *, id: UUID, at: datetime) -> Envelope:
    """Tell something of a referral, in the name of its site."""
    subject = str(referral.referral_id)
    return fact.tell(id=id, subject=subject, site=referral.site_code, at=at)
