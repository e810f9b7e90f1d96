"""Passwords; no transaction is open while one is hashed."""

from datetime import timedelta
from typing import Any

from chassis import http
from chassis.http import ANYONE, SIGNED_IN, Call
from chassis.offload import offload
from chassis.resources import DatabaseProvider
from services.accounts.api import passwords as api
from services.accounts.domain import password as passwords
from services.accounts.domain.reset import ResetUnknown
from services.accounts.doors import attempts, secrets
from services.accounts.doors.deeds import deed_of, session_lifetime
from services.accounts.handlers import passwords as handlers
from services.accounts.handlers import users
from services.accounts.settings import current


class PasswordDoors:
    """Changing one's password, or choosing a new one by e-mail."""

    database: Any = DatabaseProvider()

    @http.door("POST", "/v1/password", body=api.ChangePassword, answer=api.Done, allow=SIGNED_IN)
    def change_password(self, call: Call, body: api.ChangePassword) -> api.Done:
        """Change one's own password; every session ends, and one signs in again."""
        attempts.require_password(self.database, body.password.get_secret_value(), call=call)
        with self.database.transaction() as tx:
            email, _ = users.find_own_password(tx, call.caller)
        hashed = _hashed(body.new_password.get_secret_value(), email=email)
        with self.database.transaction() as tx:
            handlers.change_password(
                tx,
                password_hash=hashed,
                lifetime=session_lifetime(),
                language=call.language,
                deed=deed_of(call),
            )
        return api.Done()

    @http.door(
        "POST",
        "/v1/password-resets",
        body=api.AskReset,
        answer=api.Done,
        status=202,
        allow=ANYONE,
    )
    def ask_reset(self, call: Call, body: api.AskReset) -> api.Done:
        """Mail a code, or a link, to whoever has this address; if nobody has, say the same."""
        settings = current()
        # Each counts against the next, right or wrong: a mailbox is not to be flooded.
        by_address = attempts.for_address(call, kind="reset_address")
        counts = (attempts.for_reset(body.email), by_address)
        attempts.begin(self.database, counts, call=call)
        token = secrets.seal().new_reset_token()
        with self.database.transaction() as tx:
            attempts.end(tx, counts, ending="failed", call=call)
            handlers.ask_reset(
                tx,
                body.email,
                token=token,
                token_digest=secrets.seal().reset_digest(token),
                lifetime=timedelta(minutes=settings.reset_minutes),
                page_url=settings.reset_page_url,
                language=call.language,
                deed=deed_of(call),
            )
        return api.Done()

    @http.door("POST", "/v1/password-resets/use", body=api.UseReset, answer=api.Done, allow=ANYONE)
    def use_reset(self, call: Call, body: api.UseReset) -> api.Done:
        """Choose a new password with the code of the mail, or of its link; every session ends."""
        digest = secrets.seal().reset_digest(body.token.get_secret_value())
        deed = deed_of(call)
        counts = (attempts.for_address(call, kind="reset_address"),)
        try:
            with attempts.counted(self.database, counts, call=call, wrong=ResetUnknown):
                with self.database.transaction() as tx:
                    user = handlers.find_open(tx, token_digest=digest, deed=deed)
                hashed = _hashed(body.password.get_secret_value(), email=user.email)
                with self.database.transaction() as tx:
                    handlers.use_reset(
                        tx,
                        token_digest=digest,
                        password_hash=hashed,
                        lifetime=session_lifetime(),
                        language=call.language,
                        deed=deed,
                    )
        except ResetUnknown:
            with self.database.transaction() as tx:
                handlers.note_failure(tx, deed=deed)
            raise
        return api.Done()


def _hashed(password: str, *, email: str) -> str:
    passwords.check(passwords.normalise(password), email=email)
    return offload(secrets.passwords().hash, password)
