"""The accounts service: its entry points, and the secrets that stay on this side of them."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from uuid import UUID

from chassis import http, idempotency
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.http import ANYONE, SIGNED_IN, Call, Paged
from chassis.offload import offload
from chassis.service import Service
from services.accounts import api, handlers
from services.accounts.domain import throttle
from services.accounts.domain.device import CodeUnknown
from services.accounts.handlers import Counted, WrongCredentials
from services.accounts.seal import Passwords, Seal
from services.accounts.settings import AccountsSettings, current

_MANAGERS = ("site_manager", "admin")


@cache
def _passwords() -> Passwords:
    settings = current()
    return Passwords(
        memory_kib=settings.argon2_memory_kib,
        rounds=settings.argon2_rounds,
        lanes=settings.argon2_lanes,
    )


@cache
def _seal() -> Seal:
    return Seal(current().relais_signing_key.get_secret_value())


def _limit(failure_count_max: int, *, settings: AccountsSettings) -> throttle.Limit:
    return throttle.Limit(
        failure_count_max=failure_count_max,
        window=timedelta(seconds=settings.failure_window_s),
        first_wait=timedelta(seconds=settings.failure_first_wait_s),
        wait_max=timedelta(seconds=settings.failure_wait_s_max),
    )


class Accounts(Service):
    """Who works where, who may do what, and which devices are tills."""

    name = "accounts"

    # -- sign-in: no transaction is open while the password is looked at -------------------------

    @http.door(
        "POST", "/v1/sessions", body=api.SignIn, answer=api.Session, status=201, allow=ANYONE
    )
    def sign_in(self, call: Call, body: api.SignIn) -> api.Session:
        """Exchange an e-mail address and its password for a token."""
        settings = current()
        counts = (
            handlers.counted_for(
                "account",
                body.email,
                limit=_limit(settings.failures_per_account_max, settings=settings),
            ),
            handlers.counted_for(
                "address",
                call.address,
                limit=_limit(settings.failures_per_address_max, settings=settings),
            ),
        )
        self._begin(counts, call=call)
        with self.database.transaction() as tx:
            found = handlers.find_credentials(tx, body.email)
        user_id, stored = found or (None, _passwords().nobody)
        password = body.password.get_secret_value()
        passed = offload(_passwords().is_right, stored, password) and user_id is not None
        renewed = passed and _passwords().is_dated(stored)
        rehashed = offload(_passwords().hash, password) if renewed else None
        with self.database.transaction() as tx:
            user = handlers.note_sign_in(
                tx, user_id, address=call.address, passed=passed, now=call.now
            )
            if user is not None and rehashed is not None:
                handlers.save_password_hash(tx, user.user_id, password_hash=rehashed)
            self._end(tx, counts, passed=user is not None, call=call)
        if user is None:
            raise WrongCredentials()
        lifetime = timedelta(hours=settings.session_hours)
        caller = Caller(
            user_id=user.user_id,
            role=user.role.value,
            site_codes=user.site_codes,
            operator=user.operator,
        )
        return api.Session(
            token=_seal().token(
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

    @http.query("GET", "/v1/me", answer=api.User, allow=SIGNED_IN)
    def show_me(self, tx: Transaction, call: Call) -> api.User:
        """Say who is signed in."""
        return handlers.show_me(tx, call.caller)

    def _begin(self, counts: Sequence[Counted], *, call: Call) -> None:
        """Count an attempt; wait a moment while others of the same account are looked at."""
        settings = current()
        until = time.monotonic() + settings.sign_in_wait_s_max
        while True:
            try:
                with self.database.transaction() as tx:
                    return handlers.begin_attempt(tx, counts, now=call.now)
            except throttle.OthersPending:
                if time.monotonic() >= until:
                    raise throttle.TooManyAttempts(retry_after_s=1) from None
            time.sleep(settings.sign_in_pause_s)

    def _end(self, tx: Transaction, counts: Sequence[Counted], *, passed: bool, call: Call) -> None:
        kept = timedelta(seconds=current().throttle_kept_s)
        handlers.end_attempt(tx, counts, passed=passed, now=call.now, kept=kept)

    # -- sites and users -------------------------------------------------------------------------

    @http.query("GET", "/v1/sites", answer=list[api.Site], allow=SIGNED_IN)
    def list_sites(self, tx: Transaction, call: Call) -> list[api.Site]:
        """List the reception points."""
        return handlers.list_sites(tx)

    @http.command(
        "POST", "/v1/sites", body=api.OpenSite, answer=api.Site, status=201, allow=("admin",)
    )
    def open_site(self, tx: Transaction, call: Call, body: api.OpenSite) -> api.Site:
        """Open a reception point."""
        return handlers.open_site(
            tx, body, caller=call.caller, now=call.now, event_id=call.new_id()
        )

    @http.query("GET", "/v1/users", query=api.UserPage, answer=list[api.User], allow=_MANAGERS)
    def list_users(self, tx: Transaction, call: Call, page: api.UserPage) -> Paged[api.User]:
        """List who may sign in."""
        return handlers.list_users(tx, page, caller=call.caller)

    @http.door(
        "POST",
        "/v1/users",
        body=api.NewUser,
        answer=api.User,
        status=201,
        allow=_MANAGERS,
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
        hashed = offload(_passwords().hash, password)
        with self.database.transaction() as tx:
            before = idempotency.claim(tx, key=key, request_hash=call.request_hash)
            if before is None:
                made = handlers.create_user(
                    tx,
                    user,
                    password_hash=hashed,
                    caller=call.caller,
                    now=call.now,
                    event_id=call.new_id(),
                )
                idempotency.keep(tx, key=key, status=201, answer=made.model_dump_json())
                return made
            known = api.User.model_validate_json(before[1])
            stored = handlers.find_password_hash(tx, known.user_id)
        # The request is remembered without its password, so that is compared here.
        if not offload(_passwords().is_right, stored, password):
            raise idempotency.KeyReused()
        return known

    @http.command(
        "POST",
        "/v1/users/<uuid:user_id>/disable",
        body=api.Nothing,
        answer=api.User,
        allow=_MANAGERS,
    )
    def disable_user(
        self, tx: Transaction, call: Call, body: api.Nothing, user_id: UUID
    ) -> api.User:
        """End what somebody may do."""
        return handlers.disable_user(
            tx, user_id, caller=call.caller, now=call.now, event_id=call.new_id()
        )

    # -- till devices: doors, because a command would keep the code and the token in its answer --

    @http.query(
        "GET", "/v1/devices", query=api.DevicePage, answer=list[api.Device], allow=_MANAGERS
    )
    def list_devices(self, tx: Transaction, call: Call, page: api.DevicePage) -> Paged[api.Device]:
        """List the devices of a site."""
        return handlers.list_devices(tx, page, caller=call.caller)

    @http.door(
        "POST",
        "/v1/devices/enrolments",
        body=api.NewEnrolment,
        answer=api.Enrolment,
        status=201,
        allow=_MANAGERS,
        keyed=True,
    )
    def await_device(self, call: Call, body: api.NewEnrolment) -> api.Enrolment:
        """Give the code that enrols one device at a till."""
        enrolment_id = call.new_id()
        with self.database.transaction() as tx:
            known_id = _claim(tx, call)
            if known_id is None:
                handlers.await_device(
                    tx,
                    body,
                    enrolment_id=enrolment_id,
                    code_digest=_seal().code_digest(_seal().enrolment_code(enrolment_id)),
                    lifetime=timedelta(minutes=current().enrolment_minutes),
                    caller=call.caller,
                    now=call.now,
                )
                _keep(tx, call, made_id=enrolment_id)
            enrolment = handlers.find_enrolment(tx, known_id or enrolment_id)
        return api.Enrolment(
            enrolment_code=_seal().enrolment_code(enrolment.enrolment_id),
            expires_at=enrolment.expires_at,
        )

    @http.door(
        "POST",
        "/v1/devices",
        body=api.EnrolDevice,
        answer=api.EnrolledDevice,
        status=201,
        allow=ANYONE,
        keyed=True,
    )
    def enrol_device(self, call: Call, body: api.EnrolDevice) -> api.EnrolledDevice:
        """Exchange an enrolment code, once, for a device's own token."""
        settings = current()
        limit = _limit(settings.failures_per_address_max, settings=settings)
        counts = (handlers.counted_for("enrolment", call.address, limit=limit),)
        self._begin(counts, call=call)
        device_id = call.new_id()
        passed = True
        try:
            with self.database.transaction() as tx:
                known_id = _claim(tx, call)
                if known_id is None:
                    handlers.enrol_device(
                        tx,
                        code_digest=_seal().code_digest(body.enrolment_code),
                        device_id=device_id,
                        fresh_till_id=call.new_id(),
                        event_id=call.new_id(),
                        now=call.now,
                    )
                    _keep(tx, call, made_id=device_id)
                device = handlers.find_device(tx, known_id or device_id)
        except CodeUnknown:
            passed = False
            raise
        finally:
            with self.database.transaction() as tx:
                self._end(tx, counts, passed=passed, call=call)
        lifetime = timedelta(days=settings.device_token_days)
        return api.EnrolledDevice(
            device_id=device.device_id,
            till_id=device.till_id,
            device_token=_seal().device_token(device, lifetime=lifetime),
        )

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/revoke",
        body=api.Nothing,
        answer=api.Device,
        allow=_MANAGERS,
    )
    def revoke_device(
        self, tx: Transaction, call: Call, body: api.Nothing, device_id: UUID
    ) -> api.Device:
        """End what a device may do."""
        return handlers.revoke_device(
            tx, device_id, caller=call.caller, event_id=call.new_id(), now=call.now
        )


def _claim(tx: Transaction, call: Call) -> UUID | None:
    """Take the call's key, or return the id of what was made under it before."""
    before = idempotency.claim(tx, key=call.key or "", request_hash=call.request_hash)
    return None if before is None else UUID(json.loads(before[1])["made_id"])


def _keep(tx: Transaction, call: Call, *, made_id: UUID) -> None:
    """Remember, instead of the answer, the id that the answer follows from."""
    answer = json.dumps({"made_id": str(made_id)})
    idempotency.keep(tx, key=call.key or "", status=201, answer=answer)


SERVICE = Accounts
