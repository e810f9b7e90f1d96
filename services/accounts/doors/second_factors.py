"""Second factors; doors, because a command would keep their secrets in its answer."""

from typing import Any
from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import SIGNED_IN, Call
from chassis.resources import DatabaseProvider
from services.accounts.api import Nothing
from services.accounts.api import second_factors as api
from services.accounts.domain.second_factor import FactorWrong
from services.accounts.doors import MANAGERS, attempts, secrets
from services.accounts.doors.deeds import deed_of, session_lifetime
from services.accounts.handlers import second_factors as handlers
from services.accounts.handlers import users
from services.accounts.handlers.attempts import Counted
from services.accounts.seal import ENROLLING

#: Whoever's role needs a second factor comes here before they may do anything else.
_ENROLLING = (*SIGNED_IN, ENROLLING)


class SecondFactorDoors:
    """Enrolling a telephone, proving it, removing it."""

    database: Any = DatabaseProvider()

    @http.query("GET", "/v1/second-factor", answer=api.FactorState, allow=_ENROLLING)
    def show_factor(self, tx: Transaction, call: Call) -> api.FactorState:
        """Say whether one has a second factor, and whether one must."""
        return handlers.show(tx, deed=deed_of(call))

    @http.door(
        "POST",
        "/v1/second-factor",
        body=api.BeginFactor,
        answer=api.FactorBegun,
        status=201,
        allow=_ENROLLING,
    )
    def begin_factor(self, call: Call, body: api.BeginFactor) -> api.FactorBegun:
        """Show the secret that an app turns into codes; asked again, it is another one."""
        attempts.require_password(self.database, body.password.get_secret_value(), call=call)
        with self.database.transaction() as tx:
            return handlers.begin(tx, seal=secrets.factors(), deed=deed_of(call))

    @http.door(
        "POST",
        "/v1/second-factor/confirm",
        body=api.ProveFactor,
        answer=api.RecoveryCodes,
        allow=_ENROLLING,
    )
    def confirm_factor(self, call: Call, body: api.ProveFactor) -> api.RecoveryCodes:
        """Prove the app with a code; every session ends, and the next sign-in asks for a code."""
        with (
            attempts.counted(self.database, self._counts(call), call=call, wrong=FactorWrong),
            self.database.transaction() as tx,
        ):
            return handlers.confirm(
                tx,
                body.code.get_secret_value(),
                seal=secrets.factors(),
                lifetime=session_lifetime(),
                deed=deed_of(call),
            )

    @http.door(
        "POST",
        "/v1/second-factor/recovery-codes",
        body=api.ProveFactorAgain,
        answer=api.RecoveryCodes,
        allow=SIGNED_IN,
    )
    def renew_recovery_codes(self, call: Call, body: api.ProveFactorAgain) -> api.RecoveryCodes:
        """Give new recovery codes in the place of the old."""
        self._require_password(body, call)
        with (
            attempts.counted(self.database, self._counts(call), call=call, wrong=FactorWrong),
            self.database.transaction() as tx,
        ):
            code = body.code.get_secret_value()
            return handlers.renew_recovery_codes(
                tx, code, seal=secrets.factors(), deed=deed_of(call)
            )

    @http.door(
        "POST",
        "/v1/second-factor/remove",
        body=api.ProveFactorAgain,
        answer=api.FactorState,
        allow=SIGNED_IN,
    )
    def remove_factor(self, call: Call, body: api.ProveFactorAgain) -> api.FactorState:
        """Remove one's own second factor, unless the role needs one; every session ends."""
        self._require_password(body, call)
        with (
            attempts.counted(self.database, self._counts(call), call=call, wrong=FactorWrong),
            self.database.transaction() as tx,
        ):
            return handlers.remove_own(
                tx,
                body.code.get_secret_value(),
                seal=secrets.factors(),
                lifetime=session_lifetime(),
                deed=deed_of(call),
            )

    @http.command(
        "POST",
        "/v1/users/<uuid:user_id>/second-factor/remove",
        body=Nothing,
        answer=api.FactorState,
        allow=MANAGERS,
    )
    def remove_factor_of(
        self, tx: Transaction, call: Call, body: Nothing, user_id: UUID
    ) -> api.FactorState:
        """Remove the second factor of somebody who lost their telephone; their sessions end."""
        return handlers.remove_of(tx, user_id, lifetime=session_lifetime(), deed=deed_of(call))

    def _require_password(self, body: api.ProveFactorAgain, call: Call) -> None:
        password = body.password.get_secret_value()
        attempts.require_password(self.database, password, call=call, more_to_prove=True)

    def _counts(self, call: Call) -> tuple[Counted, ...]:
        with self.database.transaction() as tx:
            email, _ = users.find_own_password(tx, call.caller)
        return (attempts.for_account(email),)
