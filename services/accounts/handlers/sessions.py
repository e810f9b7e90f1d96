"""Signing in and out, and the sessions in between."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.period import business_date
from kernel.refusal import Refusal, Unauthenticated
from services.accounts.api import sessions as api
from services.accounts.api.users import User as UserShown
from services.accounts.domain import session as sessions
from services.accounts.domain.record import Kind
from services.accounts.domain.second_factor import CodeWrong, SecondFactorNeeded
from services.accounts.domain.session import Session, SessionUnknown, Way, Why
from services.accounts.domain.user import User, UserUnknown, short_name
from services.accounts.handlers import access, second_factors, users
from services.accounts.handlers.attempts import Ending
from services.accounts.handlers.deeds import Deed, active, note
from services.accounts.seal import ENROLLING, FactorSeal
from services.accounts.store import second_factors as factor_rows
from services.accounts.store import sessions as store
from services.accounts.store import sites as site_rows
from services.accounts.store import users as user_rows
from services.accounts.store.sessions import Credentials

#: Long enough to install an app and read a code off it.
_TO_ENROL = timedelta(minutes=15)


class WrongCredentials(Unauthenticated):
    """This e-mail address and password do not go together."""

    code = "accounts.session.wrong_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in that went through."""

    session: Session
    user: User
    second_factor: Literal["none", "given", "to_enrol"]
    recovered: bool = False
    #: The name of their site, where they have one alone.
    place: str | None = None

    @property
    def caller(self) -> Caller:
        """What the session's token says."""
        to_enrol = self.second_factor == "to_enrol"
        return Caller(
            user_id=self.user.user_id,
            role=ENROLLING if to_enrol else self.user.role.value,
            site_codes=self.user.site_codes,
            operator=self.user.operator,
            volunteer=self.user.volunteer,
            session_id=self.session.session_id,
            name=short_name(self.user.display_name),
            place=self.place,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A sign-in that did not go through, whoever it was of."""

    refusal: Refusal
    user_id: UUID | None
    ending: Ending


def find_credentials(tx: Transaction, email: str) -> Credentials | None:
    """Find whom an address belongs to and their stored password."""
    return store.find_credentials(tx, email.strip().lower())


def begin(
    tx: Transaction,
    user_id: UUID,
    *,
    way: Way,
    code: str | None,
    seal: FactorSeal,
    lifetime: timedelta,
    deed: Deed,
    password: Credentials | None = None,
    proven_twice: bool = False,
) -> Begun | Stopped:
    """Begin a session of somebody who has proven their first factor, or say what is wrong.

    Their account is locked: whoever ends their access does so before this session or after it.
    """
    user = user_rows.lock_account(tx, user_id)
    stale = password is not None and password.password_set_at != user_rows.find_password_set_at(
        tx, user_id
    )
    if user is None or user.disabled or stale:
        return Stopped(refusal=WrongCredentials(), user_id=user_id, ending="failed")
    factor = factor_rows.lock_factor(tx, user_id)
    recovered = False
    if factor is not None and factor.is_asked_for and not proven_twice:
        if code is None:
            return Stopped(refusal=SecondFactorNeeded(), user_id=user_id, ending="undecided")
        used = second_factors.use(tx, factor, code, seal=seal, deed=deed)
        if used is None:
            return Stopped(refusal=CodeWrong(), user_id=user_id, ending="failed")
        way, recovered = Way.SECOND_FACTOR, used == "recovery"
    given = proven_twice or way is Way.SECOND_FACTOR
    needing = factor_rows.roles_that_need_one(tx, on=business_date(deed.now))
    to_enrol = not given and user.role in needing
    session = _begun(tx, user_id, way=way, lifetime=_TO_ENROL if to_enrol else lifetime, deed=deed)
    second: Literal["none", "given", "to_enrol"] = "given" if given else "none"
    return Begun(
        session=session,
        user=user,
        second_factor="to_enrol" if to_enrol else second,
        recovered=recovered,
        place=site_rows.find_only_name(tx, user.site_codes),
    )


def _begun(tx: Transaction, user_id: UUID, *, way: Way, lifetime: timedelta, deed: Deed) -> Session:
    began_at = sessions.begin_at(deed.now, access_from=store.find_access_from(tx, user_id))
    session = Session(
        session_id=deed.new_id(),
        user_id=user_id,
        device=deed.device or "",
        network=deed.network or "",
        way=way,
        began_at=began_at,
        seen_at=began_at,
        expires_at=began_at + lifetime,
    )
    store.add_session(tx, session)
    return session


def note_sign_in(tx: Transaction, outcome: Begun | Stopped, *, deed: Deed) -> None:
    """Write into the log how a sign-in ended."""
    if isinstance(outcome, Stopped):
        reason = outcome.refusal.code.rpartition(".")[2]
        note(tx, Kind.SIGN_IN_FAILED, deed=deed, user_id=outcome.user_id, reason=reason)
        return
    user_id, session = outcome.user.user_id, outcome.session
    if outcome.recovered:
        note(tx, Kind.RECOVERY_CODE_USED, deed=deed, user_id=user_id)
    note(
        tx,
        Kind.SIGNED_IN,
        deed=deed,
        user_id=user_id,
        session_id=session.session_id,
        way=session.way.value,
    )


def renew_password_hash(tx: Transaction, user_id: UUID, *, password_hash: str) -> None:
    """Store the same password with today's parameters."""
    store.renew_password_hash(tx, user_id, password_hash=password_hash)


def show_me(tx: Transaction, *, deed: Deed) -> UserShown:
    """Say who calls."""
    user = active(tx, deed)
    if deed.known.session_id is not None:
        store.note_seen(tx, deed.known.session_id, now=deed.now)
    return users.shown(user)


def list_sessions(tx: Transaction, page: api.SessionPage, *, deed: Deed) -> Paged[api.SessionShown]:
    """List one's own sessions, or those of somebody one manages."""
    active(tx, deed)
    user_id = _whose(tx, page.user_id, deed=deed)
    found = store.list_sessions(
        tx,
        user_id,
        live=None if page.ended else deed.now,
        after=page.after,
        limit=page.limit + 1,
    )
    return Paged.cut(
        [_shown(session, caller=deed.known) for session in found],
        limit=page.limit,
        key=lambda session: session.session_id,
    )


def revoke_session(tx: Transaction, session_id: UUID, *, deed: Deed) -> api.SessionShown:
    """End a session of one's own, or of somebody one manages."""
    active(tx, deed)
    session = store.lock_session(tx, session_id)
    if session is None:
        raise SessionUnknown()
    try:
        _whose(tx, session.user_id, deed=deed)
    except Refusal as refusal:
        # Who may not end it does not learn that there is one.
        raise SessionUnknown() from refusal
    return _end(tx, session, why=Why.REVOKED, deed=deed)


def sign_out(tx: Transaction, *, deed: Deed) -> api.SessionShown:
    """End the session that the caller's token comes from."""
    active(tx, deed)
    session_id = deed.known.session_id
    session = None if session_id is None else store.lock_session(tx, session_id)
    if session is None:
        raise SessionUnknown()
    return _end(tx, session, why=Why.SIGNED_OUT, deed=deed)


def revoke_all(
    tx: Transaction, body: api.RevokeAll, *, lifetime: timedelta, deed: Deed
) -> api.Revoked:
    """End every session of one's own, or of somebody one manages."""
    active(tx, deed)
    user_id = _whose(tx, body.user_id, deed=deed)
    if user_rows.lock_account(tx, user_id) is None:
        raise UserUnknown()
    ending = access.end_all(tx, user_id, why=Why.REVOKED, lifetime=lifetime, deed=deed)
    note(tx, Kind.ACCESS_ENDED, deed=deed, user_id=user_id)
    return api.Revoked(user_id=user_id, access_from=ending.issued_before)


def _whose(tx: Transaction, user_id: UUID | None, *, deed: Deed) -> UUID:
    """Return the user in question: the caller, or somebody they manage."""
    if user_id is None or user_id == deed.known.user_id:
        return deed.known.user_id
    return users.require_managed(tx, user_id, deed=deed).user_id


def _end(tx: Transaction, session: Session, *, why: Why, deed: Deed) -> api.SessionShown:
    ended = access.end_session(tx, session, why=why, deed=deed)
    if ended is not session:
        note(
            tx,
            Kind.SESSION_ENDED,
            deed=deed,
            user_id=session.user_id,
            session_id=session.session_id,
            reason=why.value,
        )
    return _shown(ended, caller=deed.known)


def _shown(session: Session, *, caller: Caller) -> api.SessionShown:
    return api.SessionShown(
        session_id=session.session_id,
        user_id=session.user_id,
        device=session.device,
        network=session.network,
        way=session.way.value,
        began_at=session.began_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        ended_at=session.ended_at,
        ended_why=session.ended_why,
        current=session.session_id == caller.session_id,
    )
