"""What the calendar does: referrals lapse, entitlements end, reminders go out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from chassis import outbox
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals import events
from services.referrals.domain.referral import State
from services.referrals.handlers.showing import answer_before, first_instant
from services.referrals.handlers.steps import about, file_mail, write_to_referrers
from services.referrals.printing import letters
from services.referrals.store import clocks, network
from services.referrals.store import people as person_rows

Ids = Callable[[], UUID]
#: How many rows one tick takes of each kind; the next one takes the rest.
BATCH_MAX = 200


def let_referrals_lapse(
    tx: Transaction, *, now: datetime, new_id: Ids, person_refs: Sequence[UUID] | None = None
) -> int:
    """Let referrals lapse whose day has come; say how many.

    Those of some people lapse because these are erased: now, and not when the day began.
    """
    lapsed = clocks.take_lapsed(
        tx, today=business_date(now), limit=BATCH_MAX, person_refs=person_refs
    )
    made = [
        (each.referral_id, first_instant(each.expires_on) if person_refs is None else now)
        for each, _ in lapsed
    ]
    clocks.add_calendar_steps(tx, State.LAPSED, made)
    told = [
        events.ReferralLapsed(
            referral_id=each.referral_id, site_code=each.site_code, walk_in=walk_in
        )
        for each, walk_in in lapsed
    ]
    outbox.append(
        tx,
        [
            about(each, fact, id=new_id(), at=now)
            for (each, _), fact in zip(lapsed, told, strict=True)
        ],
    )
    write_to_referrers(
        tx, "lapsed", [each.referral_id for each, _ in lapsed], now=now, new_id=new_id
    )
    return len(lapsed)


def end_entitlements(tx: Transaction, *, now: datetime, new_id: Ids) -> int:
    """Tell the end of entitlements that are over; say how many.

    People are locked first, as whoever renews locks them: what was renewed in time does not end.
    """
    today = business_date(now)
    people = sorted(set(clocks.list_ended(tx, today=today, limit=BATCH_MAX)))
    person_rows.lock_people(tx, people)
    return end_entitlements_of(tx, people, now=now, new_id=new_id)


def end_entitlements_of(
    tx: Transaction, person_refs: Sequence[UUID], *, now: datetime, new_id: Ids
) -> int:
    """Tell the end of what is over of these people, who are locked; say how many."""
    ended = clocks.end_entitlements(tx, person_refs, today=business_date(now), now=now)
    outbox.append(
        tx,
        [
            events.EntitlementEnded(person_ref=each["person_ref"], ended_on=each["until_on"]).tell(
                id=new_id(), subject=str(each["person_ref"]), site=each["site_code"], at=now
            )
            for each in ended
        ],
    )
    # Who was never confirmed reads that the entry lapsed.
    whole = {
        each["referral_id"]: each["until_on"] for each in ended if each["state"] == State.ACCEPTED
    }
    made = [(referral_id, first_instant(until_on)) for referral_id, until_on in whole.items()]
    clocks.add_calendar_steps(tx, "ended", made)
    write_to_referrers(tx, "ended", list(whole), now=now, new_id=new_id, until_on=whole)
    return len(ended)


def remind_of_ends(tx: Transaction, *, now: datetime, new_id: Ids) -> int:
    """Remind people and their referrers of entitlements that end soon, once of each end."""
    today = business_date(now)
    days = network.find_rules(tx, on=today).reminder_days
    rows = clocks.take_to_remind(
        tx, today=today, horizon=today + timedelta(days=days), now=now, limit=BATCH_MAX
    )
    for row in rows:
        if row["email"] is not None:
            last_on = row["until_on"] - timedelta(days=1)
            file_mail(
                tx,
                letters.to_person(to=row["email"], last_on=last_on),
                kind="person_reminder",
                about=row["referral_id"],
                now=now,
                new_id=new_id,
            )
    until_on = {row["referral_id"]: row["until_on"] for row in rows}
    write_to_referrers(tx, "reminder", list(until_on), now=now, new_id=new_id, until_on=until_on)
    return len(rows)


def count_overdue(tx: Transaction, *, now: datetime) -> dict[str, int]:
    """Count, by site, the referrals that it should have answered by now."""
    today = business_date(now)
    rules = network.find_rules(tx, on=today)
    return clocks.count_overdue(tx, today=today, answer_before=answer_before(rules, today=today))
