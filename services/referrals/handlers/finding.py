"""Who looks for a person finds as little as it takes to know them again, and it is noted."""

from datetime import date, datetime
from uuid import UUID

from chassis import aliases, texts
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals.api import finding as api
from services.referrals.domain import likeness, phone, referral_code, wanted
from services.referrals.domain.likeness import Likeness, NotAnother, Verdict
from services.referrals.domain.person import PersonUnknown
from services.referrals.store import finding
from services.referrals.store.accesses import note_access

FOUND_MAX = 20
#: More who are a little alike than anybody can compare.
ALIKE_MAX = 500
#: What is shown of a phone; more than that and less than all of it would let it be guessed.
_LAST_DIGITS = 3


def find_people(
    tx: Transaction, asked: api.FindPeople, *, caller: Caller, now: datetime
) -> list[api.FoundPerson]:
    """Find people by name and birth year, phone, its last digits, or the code of a referral."""
    found = finding.list_found(tx, _search(tx, asked.q, today=business_date(now)))
    shown = [api.FoundPerson(**row) for row in found]
    person_refs = [each.person_ref for each in shown]
    note_access(tx, caller, person_refs, what="people_searched", now=now)
    return shown


def _search(tx: Transaction, text: str, *, today: date) -> list[UUID]:
    code = referral_code.normalise(text)
    if code is not None and (of_code := finding.search_code(tx, code)):
        return of_code
    digits = "".join(sign for sign in text if sign.isdecimal())
    if digits and not any(sign.isalpha() for sign in text):
        try:
            digits = phone.normalise(text)
        except ValueError:
            if len(digits) != _LAST_DIGITS:
                return []
        return finding.search_phone(tx, digits, limit=FOUND_MAX)
    named = wanted.read(text, today=today)
    return [] if named is None else finding.search_names(tx, named, limit=FOUND_MAX)


def show_duplicates(
    tx: Transaction, person_ref: UUID, *, caller: Caller, now: datetime, language: str
) -> api.Duplicates:
    """Show a person beside those who may be the same, the likeliest first, with the reasons."""
    person_refs = aliases.references(tx, person_ref)
    likeliest = find_duplicates(tx, person_refs)
    found = {
        row["person_ref"]: api.FoundPerson(**row)
        for row in finding.list_found(tx, [person_refs[0], *likeliest])
    }
    if person_refs[0] not in found:
        raise PersonUnknown()
    note_access(tx, caller, list(found), what="duplicates_shown", now=now)
    return api.Duplicates(
        person=found[person_refs[0]],
        duplicates=[
            api.Duplicate(
                person=found[other],
                likeness="likely" if alike.verdict is Verdict.LIKELY else "possible",
                reasons=_reasons(alike, language=language),
            )
            for other, alike in likeliest.items()
            if other in found
        ],
    )


def find_duplicates(tx: Transaction, person_refs: list[UUID]) -> dict[UUID, Likeness]:
    """Find who may be the same person, the likeliest first.

    Each identity of the person is compared with those of others; the best counts for each of them.
    """
    mine = finding.list_identities(tx, person_refs)
    keys = {key for identity in mine for key in likeness.keys_of(identity)}
    best: dict[UUID, Likeness] = {}
    for other, identity in finding.list_alike(tx, person_refs, keys=keys, limit=ALIKE_MAX):
        alike = [likeness.compare(each, identity) for each in mine]
        known = [best[other]] if other in best else []
        best[other] = min(known + alike, key=lambda each: likeness.rank(each, person_ref=other))
    ranked = sorted(best.items(), key=lambda each: likeness.rank(each[1], person_ref=each[0]))
    return {
        other: alike for other, alike in ranked[:FOUND_MAX] if alike.verdict is not Verdict.APART
    }


def _reasons(alike: Likeness, *, language: str) -> list[api.Reason]:
    return [
        api.Reason(
            reason=reason,
            text=texts.translate(
                likeness.SENTENCES[reason], language=language, service="referrals"
            ),
        )
        for reason in alike.reasons
    ]


def tell_apart(
    tx: Transaction, person_ref: UUID, other: UUID, *, caller: Caller, now: datetime
) -> api.ToldApart:
    """Write that two people are two: they are not shown as duplicates any more."""
    if other in aliases.references(tx, person_ref):
        raise NotAnother()
    if len(finding.list_identities(tx, [person_ref, other])) < 2:
        raise PersonUnknown()
    finding.tell_apart(tx, person_ref, other, at=now, by_user_id=caller.user_id)
    note_access(tx, caller, [person_ref, other], what="told_apart", now=now)
    return api.ToldApart(person_ref=person_ref, other=other)
