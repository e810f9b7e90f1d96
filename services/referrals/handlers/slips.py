"""The slip a person takes along: printed, read at a desk, revoked."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.period import business_date
from services.referrals import events, seal
from services.referrals.api import referrals as referral_api
from services.referrals.api import slips as slip_api
from services.referrals.domain import referral as referrals
from services.referrals.domain.referral import State, Verb
from services.referrals.handlers.showing import require_sight
from services.referrals.handlers.steps import about, add_steps
from services.referrals.printing.slip import Paper
from services.referrals.seal import Seal, Slip
from services.referrals.store import referrals as referral_rows
from services.referrals.store.accesses import note_access


def read_slip(tx: Transaction, text: str, *, public_key: bytes, now: datetime) -> slip_api.Slip:
    """Check a scanned slip and say what became of its referral; a revoked one is refused."""
    today = business_date(now)
    slip = seal.read(text, public_key=public_key, on=today)
    row = referral_rows.find_slip(tx, slip.referral_id)
    if row is None:
        raise referrals.ReferralUnknown()
    if row["state"] == State.REVOKED:
        raise referrals.ReferralRevoked()
    return slip_api.Slip(
        referral_id=slip.referral_id,
        code=slip.code,
        expires_on=slip.expires_on,
        site_code=row["site_code"],
        state=row["state"],
        state_since=row["state_since"],
    )


def find_paper(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime, seal: Seal
) -> Paper:
    """Find what is printed on a slip, until the person has come with it."""
    today = business_date(now)
    row = referral_rows.find_paper(tx, referral_id)
    if row is None:
        raise referrals.ReferralUnknown()
    require_sight(tx, row, caller=caller, today=today)
    referrals.require_printable(
        State(row["state"]), used=row["used"], expires_on=row["expires_on"], on=today
    )
    note_access(tx, caller, [row["person_ref"]], what="slip_printed", now=now)
    slip = Slip(referral_id=referral_id, code=row["code"], expires_on=row["expires_on"])
    return Paper(
        code=row["code"],
        signed=seal.sign(slip),
        site=row["site_name"],
        address=row["address"],
        expires_on=row["expires_on"],
        needs=row["needs"],
        given_name=row["given_name"],
        family_initial=row["family_initial"],
        provisional=row["state"] == State.PROVISIONAL,
    )


def revoke_slip(
    tx: Transaction,
    referral_id: UUID,
    body: referral_api.RevokeSlip,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
) -> referral_api.ReferralState:
    """Revoke a slip, and the referral with it, before its site has answered."""
    today = business_date(now)
    referral = referral_rows.lock_referral(tx, referral_id)
    row = referral_rows.find_referral(tx, referral_id)
    if referral is None or row is None:
        raise referrals.ReferralUnknown()
    require_sight(tx, row, caller=caller, today=today)
    referral, steps = referrals.move(referral, Verb.REVOKE, on=today)
    referral_rows.save_state(tx, referral, revocation_reason=body.reason)
    add_steps(tx, referral, steps, caller=caller, now=now, new_id=new_id)
    told = events.SlipRevoked(
        referral_id=referral_id, site_code=referral.site_code, expires_on=referral.expires_on
    )
    outbox.append(tx, [about(referral, told, id=new_id(), at=now)])
    return referral_api.ReferralState(referral_id=referral_id, state=referral.state.value)


def list_revoked(
    tx: Transaction, page: slip_api.RevokedPage, *, now: datetime
) -> Paged[slip_api.RevokedSlip]:
    """List the slips that were revoked and whose day has not come, for tills to carry along."""
    rows = referral_rows.list_revoked(
        tx, today=business_date(now), after=page.after, limit=page.limit + 1
    )
    found = [slip_api.RevokedSlip(**row) for row in rows]
    return Paged.cut(found, limit=page.limit, key=lambda each: each.referral_id)
