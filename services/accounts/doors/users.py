"""Those who sign in."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from chassis import http, idempotency
from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.offload import offload
from chassis.resources import DatabaseProvider
from services.accounts.api import Nothing
from services.accounts.api import users as api
from services.accounts.doors import MANAGERS, secrets
from services.accounts.doors.deeds import deed_of, session_lifetime
from services.accounts.handlers import users as handlers


class UserDoors:
    """The users."""

    database: Any = DatabaseProvider()

    @http.query("GET", "/v1/users", query=api.UserPage, answer=list[api.User], allow=MANAGERS)
    def list_users(self, tx: Transaction, call: Call, page: api.UserPage) -> Paged[api.User]:
        """List who may sign in."""
        return handlers.list_users(tx, page, caller=call.caller)

    @http.door(
        "POST",
        "/v1/users",
        body=api.NewUser,
        answer=api.User,
        status=201,
        allow=MANAGERS,
        keyed=True,
    )
    def create_user(self, call: Call, body: api.NewUser) -> api.User:
        """Make somebody who may sign in.

        A door, not a command: the password is hashed while no transaction is open, and what a
        command remembers of a request would let the password be guessed at without Argon2.
        """
        key = call.key or ""
        user = replace(handlers.check_new_user(body, caller=call.caller), user_id=call.new_id())
        password = body.password.get_secret_value()
        hashed = offload(secrets.passwords().hash, password)
        with self.database.transaction() as tx:
            before = idempotency.claim(
                tx, key=key, request_hash=call.request_hash, caller=call.caller
            )
            if before is None:
                made = handlers.create_user(tx, user, password_hash=hashed, deed=deed_of(call))
                idempotency.keep(tx, key=key, status=201, answer=made.model_dump_json())
                return made
            known = api.User.model_validate_json(before[1])
            stored = handlers.find_password_hash(tx, known.user_id)
        # The request is remembered without its password, so that is compared here.
        if not offload(secrets.passwords().is_right, stored, password):
            raise idempotency.KeyReused()
        return known

    @http.command(
        "POST",
        "/v1/users/<uuid:user_id>/change",
        body=api.ChangeUser,
        answer=api.User,
        allow=MANAGERS,
    )
    def change_user(
        self, tx: Transaction, call: Call, body: api.ChangeUser, user_id: UUID
    ) -> api.User:
        """Give somebody another name, role, sites or operator, or make them a volunteer."""
        return handlers.change_user(
            tx, user_id, body, lifetime=session_lifetime(), deed=deed_of(call)
        )

    @http.command(
        "POST",
        "/v1/users/<uuid:user_id>/disable",
        body=Nothing,
        answer=api.User,
        allow=MANAGERS,
    )
    def disable_user(self, tx: Transaction, call: Call, body: Nothing, user_id: UUID) -> api.User:
        """End what somebody may do, everywhere and at once."""
        return handlers.disable_user(tx, user_id, lifetime=session_lifetime(), deed=deed_of(call))

    @http.command(
        "POST",
        "/v1/users/<uuid:user_id>/enable",
        body=Nothing,
        answer=api.User,
        allow=MANAGERS,
    )
    def enable_user(self, tx: Transaction, call: Call, body: Nothing, user_id: UUID) -> api.User:
        """Let somebody sign in again."""
        return handlers.enable_user(tx, user_id, deed=deed_of(call))
