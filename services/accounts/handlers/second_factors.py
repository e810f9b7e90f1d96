"""Second factors: enrolled by proving one code, used at sign-in, removed."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from chassis import qr
from chassis.db import Transaction
from kernel.period import business_date
from services.accounts.api import second_factors as api
from services.accounts.domain import second_factor as factors
from services.accounts.domain.record import Kind
from services.accounts.domain.second_factor import (
    Factor,
    FactorMissing,
    FactorNeeded,
    FactorThere,
    FactorWrong,
)
from services.accounts.domain.session import Why
from services.accounts.domain.user import SENSITIVE, NotYourself, Role, User, UserUnknown
from services.accounts.handlers import access, users
from services.accounts.handlers.deeds import Deed, active, note
from services.accounts.seal import FactorSeal
from services.accounts.store import second_factors as store
from services.accounts.store import users as user_rows


def use(
    tx: Transaction, factor: Factor, code: str, *, seal: FactorSeal, deed: Deed
) -> Literal["totp", "recovery"] | None:
    """Use up a code of a factor that is locked, or a recovery code; None when it is wrong."""
    if not factors.is_totp(code):
        digest = seal.recovery_digest(code)
        known = store.use_recovery_code(tx, factor.user_id, digest=digest, now=deed.now)
        return "recovery" if known else None
    used = factors.use(factor, code, now=deed.now, code_at=seal.codes_of(factor))
    if used is None:
        return None
    store.save_factor(tx, used)
    return "totp"


def show(tx: Transaction, *, deed: Deed) -> api.FactorState:
    """Say whether the caller has a second factor, and whether they must."""
    return show_of(tx, active(tx, deed), deed=deed)


def show_of(tx: Transaction, user: User, *, deed: Deed) -> api.FactorState:
    """Say whether a user has a second factor, and whether they must."""
    factor = store.lock_factor(tx, user.user_id)
    return api.FactorState(
        enrolled=factor is not None and factor.is_asked_for,
        needed=_is_needed(tx, user, deed=deed),
        recovery_codes_left=store.count_recovery_codes(tx, user.user_id),
    )


def list_open_roles(tx: Transaction, *, deed: Deed) -> list[Role]:
    """List the sensitive roles that a password alone opens today."""
    needing = store.roles_that_need_one(tx, on=business_date(deed.now))
    return [role for role in SENSITIVE if role not in needing]


def begin(tx: Transaction, *, seal: FactorSeal, deed: Deed) -> api.FactorBegun:
    """Make a secret for the caller's telephone; it counts once a code has proven it."""
    user = active(tx, deed)
    secret = seal.new_secret()
    sealed = seal.seal(secret, user_id=user.user_id)
    factor = Factor(
        user_id=user.user_id, key_id=sealed.key_id, sealed=sealed.box, begun_at=deed.now
    )
    if not store.begin_factor(tx, factor):
        raise FactorThere()
    note(tx, Kind.FACTOR_BEGUN, deed=deed, user_id=user.user_id)
    address = seal.address_of(secret, account=user.email)
    return api.FactorBegun(
        secret=seal.text_of(secret), qr=address, qr_picture=qr.as_picture(address)
    )


def confirm(
    tx: Transaction, code: str, *, seal: FactorSeal, lifetime: timedelta, deed: Deed
) -> api.RecoveryCodes:
    """Prove the telephone with a code; whoever signed in without one signs in again."""
    user_id = active(tx, deed).user_id
    user_rows.lock_account(tx, user_id)
    factor = store.lock_factor(tx, user_id)
    if factor is None:
        raise FactorMissing()
    if factor.is_asked_for:
        raise FactorThere()
    proven = factors.use(factor, code, now=deed.now, code_at=seal.codes_of(factor))
    if proven is None:
        raise FactorWrong()
    store.save_factor(tx, factors.confirmed(proven, now=deed.now))
    codes = _give_recovery_codes(tx, user_id, seal=seal)
    access.end_all(tx, user_id, why=Why.SECOND_FACTOR_CHANGED, lifetime=lifetime, deed=deed)
    note(tx, Kind.FACTOR_ENROLLED, deed=deed, user_id=user_id)
    return codes


def renew_recovery_codes(
    tx: Transaction, code: str, *, seal: FactorSeal, deed: Deed
) -> api.RecoveryCodes:
    """Give new recovery codes; the old ones open nothing any more."""
    user_id = active(tx, deed).user_id
    _prove(tx, user_id, code, seal=seal, deed=deed)
    codes = _give_recovery_codes(tx, user_id, seal=seal)
    note(tx, Kind.RECOVERY_CODES_RENEWED, deed=deed, user_id=user_id)
    return codes


def remove_own(
    tx: Transaction, code: str, *, seal: FactorSeal, lifetime: timedelta, deed: Deed
) -> api.FactorState:
    """Remove the caller's own second factor, by one last code of it."""
    user = active(tx, deed)
    if _is_needed(tx, user, deed=deed):
        raise FactorNeeded(role=user.role.value)
    user_rows.lock_account(tx, user.user_id)
    _prove(tx, user.user_id, code, seal=seal, deed=deed)
    return _remove(tx, user, lifetime=lifetime, deed=deed)


def remove_of(
    tx: Transaction, user_id: UUID, *, lifetime: timedelta, deed: Deed
) -> api.FactorState:
    """Remove the second factor of somebody the caller manages, who lost their telephone."""
    active(tx, deed)
    if user_id == deed.by_user_id:
        raise NotYourself()
    user = users.require_managed(tx, user_id, deed=deed)
    if user_rows.lock_account(tx, user_id) is None:
        raise UserUnknown()
    if store.lock_factor(tx, user_id) is None:
        raise FactorMissing()
    return _remove(tx, user, lifetime=lifetime, deed=deed)


def _remove(tx: Transaction, user: User, *, lifetime: timedelta, deed: Deed) -> api.FactorState:
    store.remove_factor(tx, user.user_id)
    access.end_all(tx, user.user_id, why=Why.SECOND_FACTOR_CHANGED, lifetime=lifetime, deed=deed)
    needed = _is_needed(tx, user, deed=deed)
    note(tx, Kind.FACTOR_REMOVED, deed=deed, user_id=user.user_id)
    return api.FactorState(enrolled=False, needed=needed, recovery_codes_left=0)


def _prove(tx: Transaction, user_id: UUID, code: str, *, seal: FactorSeal, deed: Deed) -> None:
    factor = store.lock_factor(tx, user_id)
    if factor is None or not factor.is_asked_for:
        raise FactorMissing()
    if use(tx, factor, code, seal=seal, deed=deed) is None:
        raise FactorWrong()


def _give_recovery_codes(tx: Transaction, user_id: UUID, *, seal: FactorSeal) -> api.RecoveryCodes:
    codes = seal.new_recovery_codes()
    digests = [seal.recovery_digest(code) for code in codes]
    store.replace_recovery_codes(tx, user_id, digests=digests)
    return api.RecoveryCodes(recovery_codes=codes)


def _is_needed(tx: Transaction, user: User, *, deed: Deed) -> bool:
    return user.role in store.roles_that_need_one(tx, on=business_date(deed.now))
