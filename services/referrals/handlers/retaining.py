"""The calendar's part: who has not come for long has notice, and is erased when that is over."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis import mail, texts
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.mail import Mail
from chassis.shapes import Paged
from kernel.envelope import Envelope
from kernel.period import business_date
from services.referrals import events
from services.referrals.api import rights as api
from services.referrals.domain.erasure import Reason
from services.referrals.domain.retention import Retention
from services.referrals.handlers.erasing import ErasureTerms, erase_person
from services.referrals.store import accesses as access_rows
from services.referrals.store import erasures as erasure_rows
from services.referrals.store import people as person_rows
from services.referrals.store import retention as rows

#: What one run does at most; the next one goes on.
_NOTICES_MAX, _ERASURES_MAX, _ACCESSES_MAX = 200, 20, 5_000

_SUBJECT = "Your data at the reception point"
_TEXT = """Hello,

We have not seen you for {months} months. On {erase_on} we will erase what we know of you.

If you would like to be helped again, come before that day or have a social worker send you. If not, there is nothing to do.

To see what we hold on you, or to have it erased at once, ask at the reception point that you were referred to."""  # noqa: E501


def give_notice(tx: Transaction, *, now: datetime, new_id: Callable[[], UUID]) -> int:
    """Give notice to whoever has not been in contact for long; return to how many."""
    rules = rows.find_retention(tx, on=business_date(now))
    given = 0
    for row in rows.list_stale(tx, before=rules.stale_before, limit=_NOTICES_MAX):
        person_ref = row["person_ref"]
        person_refs = erasure_rows.list_same_people(tx, person_ref)
        last = rows.find_last_contact(tx, person_refs)
        if last > row["last_contact_at"]:
            # They came under another of their names.
            rows.note_contacts(tx, [(person_ref, last)])
            continue
        rows.add_notice(
            tx,
            person_ref,
            last_contact_at=last,
            noticed_at=now,
            erase_on=rules.erase_on,
            mailed=_write_to(tx, person_ref, rules=rules, now=now, mail_id=new_id()),
        )
        given += 1
    return given


def _write_to(
    tx: Transaction, person_ref: UUID, *, rules: Retention, now: datetime, mail_id: UUID
) -> bool:
    address = rows.find_address(tx, person_ref)
    if address is None:
        return False
    values = {"months": rules.retention_months, "erase_on": rules.erase_on}
    letter = Mail(
        to=address,
        subject=texts.say(_SUBJECT, {}, language="fr", service="referrals"),
        text=texts.say(_TEXT, values, language="fr", service="referrals"),
    )
    mail.file(tx, letter, kind="retention_notice", about=str(person_ref), now=now, mail_id=mail_id)
    return True


def erase_stale(
    tx: Transaction, *, now: datetime, new_id: Callable[[], UUID], terms: ErasureTerms
) -> int:
    """Erase whoever had notice and has not come since; return how many."""
    person_rows.hold_merges(tx)
    due = rows.list_notices_due(tx, today=business_date(now), limit=_ERASURES_MAX)
    names = {person_ref: erasure_rows.list_same_people(tx, person_ref) for person_ref in due}
    # All at once, in the order of all who lock: one after the other would be that of their notices.
    erasure_rows.lock_all_of(tx, [each for person_refs in names.values() for each in person_refs])
    erased = 0
    for person_ref, person_refs in names.items():
        known = erasure_rows.lock_all_of(tx, person_refs)
        seen = max(row["last_contact_at"] for row in known)
        mine = next(row for row in known if row["person_ref"] == person_ref)
        if mine["erased_at"] is not None or erasure_rows.find_open_case(tx, person_refs):
            continue  # with somebody they are the same as, just now; or a case is open
        if seen > mine["last_contact_at"]:
            rows.note_contacts(tx, [(person_ref, seen)])
            continue
        erase_person(
            tx,
            person_ref,
            meant=person_refs,
            reason=Reason.RETENTION_OVER,
            caller=None,
            now=now,
            new_id=new_id,
            terms=terms,
        )
        erased += 1
    return erased


def drop_what_is_old(tx: Transaction, *, now: datetime) -> None:
    """Drop accesses of months that are over long enough, and traces of old erasures."""
    rules = rows.find_retention(tx, on=business_date(now))
    access_rows.drop_accesses(tx, before=rules.accesses_from, limit=_ACCESSES_MAX)
    erasure_rows.drop_traces(tx, before=rules.traces_from)


def list_notices(tx: Transaction, page: api.NoticePage, *, caller: Caller) -> Paged[api.Notice]:
    """List who will be erased, of the people who were sent to the caller's sites."""
    found = rows.list_notices(
        tx,
        site_codes=caller.sites_seen,
        after=page.after,
        limit=page.limit + 1,
    )
    notices = [api.Notice(**row) for row in found]
    return Paged.cut(notices, limit=page.limit, key=lambda each: each.person_ref)


def hear_contacts(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Remember who came; and which mediation cases are open, for as long as they are."""
    heard = [events.PersonSeen.hear(fact) for fact in facts]
    rows.note_contacts(
        tx, [(seen.person_ref, fact.time) for seen, fact in zip(heard, facts, strict=True)]
    )
    cases = [
        (seen.case_id, seen.person_ref, seen.opened_on, seen.closed_on)
        for seen in heard
        if seen.case_id is not None
    ]
    if cases:
        erasure_rows.add_told_cases(tx, cases)
