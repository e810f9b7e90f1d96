"""Signing in."""

from datetime import timedelta
from typing import Any

from chassis import http
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.http import ANYONE, SIGNED_IN, Call
from chassis.offload import offload
from chassis.resources import DatabaseProvider
from services.accounts.api import sessions as api
from services.accounts.api.users import User
from services.accounts.doors import attempts, secrets
from services.accounts.handlers import sessions as handlers
from services.accounts.handlers.sessions import WrongCredentials
from services.accounts.settings import current


class SessionDoors:
    """Sign-in, and who is signed in."""

    database: Any = DatabaseProvider()

    @http.door(
        "POST", "/v1/sessions", body=api.SignIn, answer=api.Session, status=201, allow=ANYONE
    )
    def sign_in(self, call: Call, body: api.SignIn) -> api.Session:
        """Exchange an e-mail address and its password for a token."""
        counts = (attempts.for_account(body.email), attempts.for_address(call))
        attempts.begin(self.database, counts, call=call)
        with self.database.transaction() as tx:
            found = handlers.find_credentials(tx, body.email)
        user_id, stored = found or (None, secrets.passwords().nobody)
        password = body.password.get_secret_value()
        passed = offload(secrets.passwords().is_right, stored, password) and user_id is not None
        renewed = passed and secrets.passwords().is_dated(stored)
        rehashed = offload(secrets.passwords().hash, password) if renewed else None
        with self.database.transaction() as tx:
            user = handlers.note_sign_in(
                tx, user_id, address=call.address, passed=passed, now=call.now
            )
            if user is not None and rehashed is not None:
                handlers.save_password_hash(tx, user.user_id, password_hash=rehashed)
            attempts.end(tx, counts, passed=user is not None, call=call)
        if user is None:
            raise WrongCredentials()
        lifetime = timedelta(hours=current().session_hours)
        caller = Caller(
            user_id=user.user_id,
            role=user.role.value,
            site_codes=user.site_codes,
            operator=user.operator,
        )
        return api.Session(
            token=secrets.seal().token(
                caller, token_id=call.new_id(), issued_at=call.now, lifetime=lifetime
            ),
            expires_at=call.now + lifetime,
            user=api.SessionUser(
                id=user.user_id,
                role=user.role.value,
                site_codes=sorted(user.site_codes),
                operator=user.operator,
            ),
        )

    @http.query("GET", "/v1/me", answer=User, allow=SIGNED_IN)
    def show_me(self, tx: Transaction, call: Call) -> User:
        """Say who is signed in."""
        return handlers.show_me(tx, call.caller)
