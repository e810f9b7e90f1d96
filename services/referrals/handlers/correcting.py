"""Writing down who a person is, where it was wrong or has changed (GDPR, article 16)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import aliases
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from kernel.refusal import Forbidden, Refusal
from services.referrals.api import correcting as api
from services.referrals.domain.likeness import Verdict
from services.referrals.domain.person import PersonUnknown, identify
from services.referrals.handlers.finding import find_duplicates
from services.referrals.store import exports as export_rows
from services.referrals.store import people as rows
from services.referrals.store.accesses import note_access


class NotTakenIn(Forbidden):
    """None of your sites has taken this person in. Ask the one that has, or the administration."""

    code = "referrals.person.not_taken_in"


class NothingToCorrect(Refusal):
    """This is what is written already."""

    code = "referrals.person.nothing_to_correct"


def correct_identity(
    tx: Transaction, person_ref: UUID, body: api.CorrectIdentity, *, caller: Caller, now: datetime
) -> api.Corrected:
    """Correct the identity under one reference; what stood there before is not kept.

    Whoever was merged has an identity under each reference, corrected where it was written.
    """
    known = rows.lock_identity(tx, person_ref, born_on=body.person.birth_date)
    if known is None:
        raise PersonUnknown()
    if caller.role != "admin" and not rows.is_taken_in(
        tx, person_ref, site_codes=caller.site_codes
    ):
        raise NotTakenIn()
    right = {name: text for name, text in body.person if text is not None}
    corrected = identify(**asdict(known) | right | _taken_away(right), today=business_date(now))
    before, after = asdict(known), asdict(corrected)
    fields: list[Any] = [name for name in before if before[name] != after[name]]
    if not fields:
        raise NothingToCorrect()
    rows.save_identity(tx, person_ref, corrected)
    person_refs = aliases.references(tx, person_ref)
    export_rows.delete_exports_of(tx, person_refs)  # they say what was
    note_access(
        tx,
        caller,
        [person_ref],
        what="identity_corrected",
        why=body.reason,
        fields=fields,
        now=now,
    )
    return api.Corrected(
        person_ref=person_ref,
        fields=fields,
        alike=[
            api.Alike(
                person_ref=other,
                likeness="likely" if alike.verdict is Verdict.LIKELY else "possible",
            )
            for other, alike in find_duplicates(tx, person_refs).items()
        ],
    )


def _taken_away(right: dict[str, Any]) -> dict[str, None]:
    return {name: None for name in ("phone", "email") if right.get(name) == ""}
