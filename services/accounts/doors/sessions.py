"""Signing in and out; no transaction is open while a password is looked at."""

from typing import Any
from uuid import UUID

from chassis import http, navigation
from chassis.cookies import SESSION, Cookie
from chassis.db import Transaction
from chassis.http import ANYONE, SIGNED_IN, Call, Paged, Reply
from chassis.offload import offload
from chassis.resources import DatabaseProvider
from services.accounts.api import Nothing
from services.accounts.api import sessions as api
from services.accounts.api.users import User
from services.accounts.domain.session import Way
from services.accounts.doors import attempts, secrets
from services.accounts.doors.deeds import deed_of, session_lifetime
from services.accounts.handlers import sessions as handlers
from services.accounts.handlers.sessions import Begun, Stopped, WrongCredentials
from services.accounts.seal import ENROLLING


class SessionDoors:
    """Sign-in, and the sessions it begins."""

    database: Any = DatabaseProvider()

    @http.door(
        "POST", "/v1/sessions", body=api.SignIn, answer=api.Session, status=201, allow=ANYONE
    )
    def sign_in(self, call: Call, body: api.SignIn) -> api.Session:
        """Exchange an e-mail address and its password for a token.

        Whoever has a second factor gives its code as well: without it the answer is 401
        `accounts.session.second_factor_needed`.
        """
        return answer_of(self._attempt(call, body))

    @http.door(
        "POST",
        "/v1/browser-sessions",
        body=api.SignIn,
        answer=api.BrowserSession,
        status=201,
        allow=ANYONE,
    )
    def sign_in_by_browser(self, call: Call, body: api.SignIn) -> Reply:
        """Sign in as with `/v1/sessions`; the token is in a cookie that no script reads."""
        return in_cookie(answer_of(self._attempt(call, body)))

    def _attempt(self, call: Call, body: api.SignIn) -> Begun | Stopped:
        counts = attempts.for_sign_in(self.database, body.email, call=call)
        attempts.begin(self.database, counts, call=call)
        with self.database.transaction() as tx:
            found = handlers.find_credentials(tx, body.email)
        stored = secrets.passwords().nobody if found is None else found.password_hash
        password = body.password.get_secret_value()
        right = offload(secrets.passwords().is_right, stored, password)
        renewed = right and found is not None and secrets.passwords().is_dated(stored)
        rehashed = offload(secrets.passwords().hash, password) if renewed else None
        deed = deed_of(call)
        with self.database.transaction() as tx:
            outcome: Begun | Stopped = Stopped(
                refusal=WrongCredentials(),
                user_id=None if found is None else found.user_id,
                ending="failed",
            )
            if found is not None and right:
                outcome = handlers.begin(
                    tx,
                    found.user_id,
                    way=Way.PASSWORD,
                    code=None if body.code is None else body.code.get_secret_value(),
                    seal=secrets.factors(),
                    lifetime=session_lifetime(),
                    deed=deed,
                    password=found,
                )
            if isinstance(outcome, Begun) and rehashed is not None:
                handlers.renew_password_hash(tx, outcome.user.user_id, password_hash=rehashed)
            if isinstance(outcome, Begun):
                attempts.note_home(tx, outcome.user.user_id, call=call)
            ending = "passed" if isinstance(outcome, Begun) else outcome.ending
            attempts.end(tx, counts, ending=ending, call=call)
            handlers.note_sign_in(tx, outcome, deed=deed)
        return outcome

    @http.query("GET", "/v1/me", answer=User, allow=SIGNED_IN)
    def show_me(self, tx: Transaction, call: Call) -> User:
        """Say who is signed in."""
        return handlers.show_me(tx, deed=deed_of(call))

    @http.query(
        "GET",
        "/v1/sessions",
        query=api.SessionPage,
        answer=list[api.SessionShown],
        allow=SIGNED_IN,
    )
    def list_sessions(
        self, tx: Transaction, call: Call, page: api.SessionPage
    ) -> Paged[api.SessionShown]:
        """List one's own sessions, or those of somebody one manages."""
        return handlers.list_sessions(tx, page, deed=deed_of(call))

    @http.command(
        "POST",
        "/v1/sessions/<uuid:session_id>/revoke",
        body=Nothing,
        answer=api.SessionShown,
        allow=SIGNED_IN,
    )
    def revoke_session(
        self, tx: Transaction, call: Call, body: Nothing, session_id: UUID
    ) -> api.SessionShown:
        """End a session, at once and at every door."""
        return handlers.revoke_session(tx, session_id, deed=deed_of(call))

    @http.command(
        "POST",
        "/v1/sessions/revoke-all",
        body=api.RevokeAll,
        answer=api.Revoked,
        allow=SIGNED_IN,
    )
    def revoke_all(self, tx: Transaction, call: Call, body: api.RevokeAll) -> api.Revoked:
        """End every session of one's own, or of somebody one manages."""
        return handlers.revoke_all(tx, body, lifetime=session_lifetime(), deed=deed_of(call))

    @http.command(
        "POST",
        "/v1/sign-out",
        body=Nothing,
        answer=api.SessionShown,
        allow=(*SIGNED_IN, ENROLLING),
    )
    def sign_out(self, tx: Transaction, call: Call, body: Nothing) -> Reply:
        """End the session that the token comes from, and take a browser's cookie away.

        A token in the header is not the browser's: whoever signed in for one deed signs out alone.
        """
        ended = handlers.sign_out(tx, deed=deed_of(call))
        by_cookie = "Authorization" not in call.headers
        return Reply(
            answer=ended, status=200, cookies=(Cookie.ended(SESSION),) if by_cookie else ()
        )


def answer_of(outcome: Begun | Stopped) -> api.Session:
    """Give the token of a session, or raise what stopped it."""
    if isinstance(outcome, Stopped):
        raise outcome.refusal
    session, user = outcome.session, outcome.user
    return api.Session(
        session_id=session.session_id,
        token=secrets.seal().session_token(session, outcome.caller),
        expires_at=session.expires_at,
        second_factor=outcome.second_factor,
        user=api.SessionUser(
            id=user.user_id,
            role=user.role.value,
            site_codes=sorted(user.site_codes),
            operator=user.operator,
            volunteer=user.volunteer,
        ),
    )


def in_cookie(session: api.Session) -> Reply:
    """Say who signed in and where their work is; the token itself goes into the cookie."""
    enrolling = session.second_factor == "to_enrol"
    return Reply(
        answer=api.BrowserSession(
            session_id=session.session_id,
            expires_at=session.expires_at,
            second_factor=session.second_factor,
            user=session.user,
            home=navigation.ACCOUNT if enrolling else navigation.home_of(session.user.role),
        ),
        status=201,
        cookies=(Cookie(name=SESSION, value=session.token, expires_at=session.expires_at),),
    )
