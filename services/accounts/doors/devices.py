"""Till devices; doors, because a command would keep the code and the token in its answer."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import http, idempotency, qr
from chassis.cookies import TILL, Cookie
from chassis.db import Transaction
from chassis.http import ANYONE, Call, Paged, Reply
from chassis.resources import DatabaseProvider
from services.accounts.api import Nothing
from services.accounts.api import devices as api
from services.accounts.domain import device as devices
from services.accounts.domain.device import CodeUnknown
from services.accounts.doors import MANAGERS, attempts, secrets
from services.accounts.doors.deeds import deed_of
from services.accounts.handlers import devices as handlers
from services.accounts.settings import current


class DeviceDoors:
    """The devices of tills."""

    database: Any = DatabaseProvider()

    @http.query("GET", "/v1/devices", query=api.DevicePage, answer=list[api.Device], allow=MANAGERS)
    def list_devices(self, tx: Transaction, call: Call, page: api.DevicePage) -> Paged[api.Device]:
        """List the devices of a site."""
        return handlers.list_devices(tx, page, caller=call.caller)

    @http.door(
        "POST",
        "/v1/devices/enrolments",
        body=api.NewEnrolment,
        answer=api.Enrolment,
        status=201,
        allow=MANAGERS,
        keyed=True,
    )
    def await_device(self, call: Call, body: api.NewEnrolment) -> api.Enrolment:
        """Give the code that enrols one device at a till."""

        def remember(tx: Transaction, enrolment_id: UUID) -> None:
            handlers.await_device(
                tx,
                body,
                enrolment_id=enrolment_id,
                code_digest=_code_digest(enrolment_id),
                lifetime=timedelta(minutes=current().enrolment_minutes),
                deed=deed_of(call),
            )

        return self._awaited(call, remember)

    @http.door(
        "POST",
        "/v1/devices/<uuid:device_id>/roll",
        body=Nothing,
        answer=api.Enrolment,
        status=201,
        allow=MANAGERS,
        keyed=True,
    )
    def roll_device(self, call: Call, body: Nothing, device_id: UUID) -> api.Enrolment:
        """Give a code with which a device gets another token; the one it has ends with that."""

        def remember(tx: Transaction, enrolment_id: UUID) -> None:
            handlers.await_roll(
                tx,
                device_id,
                enrolment_id=enrolment_id,
                code_digest=_code_digest(enrolment_id),
                lifetime=timedelta(minutes=current().enrolment_minutes),
                deed=deed_of(call),
            )

        return self._awaited(call, remember)

    def _awaited(self, call: Call, remember: Callable[[Transaction, UUID], None]) -> api.Enrolment:
        """Give the code of an enrolment that is made now, or was under the same key."""
        enrolment_id = call.new_id()
        with self.database.transaction() as tx:
            before = _claim(tx, call)
            if before is None:
                remember(tx, enrolment_id)
                _keep(tx, call, made_id=enrolment_id)
            else:
                enrolment_id = UUID(before["made_id"])
            enrolment = handlers.find_enrolment(tx, enrolment_id)
        code = secrets.seal().enrolment_code(enrolment_id)
        text = devices.qr_of(code)
        return api.Enrolment(
            enrolment_code=code,
            qr=text,
            qr_picture=qr.as_picture(text),
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
        device, token = self._enrol(call, body)
        return api.EnrolledDevice(
            device_id=device.device_id, till_id=device.till_id, device_token=token
        )

    @http.door(
        "POST",
        "/v1/browser-devices",
        body=api.EnrolDevice,
        answer=api.BrowserDevice,
        status=201,
        allow=ANYONE,
        keyed=True,
    )
    def enrol_browser(self, call: Call, body: api.EnrolDevice) -> Reply:
        """Make a browser the device of a till; its token is in a cookie that no script reads."""
        device, token = self._enrol(call, body)
        expires_at = device.token_from + timedelta(days=current().device_token_days)
        return Reply(
            answer=api.BrowserDevice(device_id=device.device_id, till_id=device.till_id),
            status=201,
            cookies=(Cookie(name=TILL, value=token, expires_at=expires_at),),
        )

    def _enrol(self, call: Call, body: api.EnrolDevice) -> tuple[devices.Device, str]:
        counts = (attempts.for_address(call, kind="enrolment"),)
        lifetime = timedelta(days=current().device_token_days)
        try:
            with (
                attempts.counted(self.database, counts, call=call, wrong=CodeUnknown),
                self.database.transaction() as tx,
            ):
                device = self._enrolled(tx, call, body, lifetime=lifetime)
        except CodeUnknown:
            with self.database.transaction() as tx:
                handlers.note_failure(tx, deed=deed_of(call))
            raise
        return device, secrets.seal().device_token(device, lifetime=lifetime)

    def _enrolled(
        self, tx: Transaction, call: Call, body: api.EnrolDevice, *, lifetime: timedelta
    ) -> devices.Device:
        before = _claim(tx, call)
        if before is None:
            device = handlers.enrol_device(
                tx,
                code_digest=secrets.seal().code_digest(body.enrolment_code),
                token_lifetime=lifetime,
                deed=deed_of(call),
            )
            _keep(tx, call, made_id=device.device_id, token_from=device.token_from.isoformat())
            return device
        return handlers.find_enrolled(
            tx,
            UUID(before["made_id"]),
            token_from=datetime.fromisoformat(before["token_from"]),
        )

    @http.command(
        "POST",
        "/v1/devices/<uuid:device_id>/revoke",
        body=Nothing,
        answer=api.Device,
        allow=MANAGERS,
    )
    def revoke_device(
        self, tx: Transaction, call: Call, body: Nothing, device_id: UUID
    ) -> api.Device:
        """End what a device may do, everywhere and at once."""
        lifetime = timedelta(days=current().device_token_days)
        return handlers.revoke_device(tx, device_id, token_lifetime=lifetime, deed=deed_of(call))


def _code_digest(enrolment_id: UUID) -> bytes:
    return secrets.seal().code_digest(secrets.seal().enrolment_code(enrolment_id))


def _claim(tx: Transaction, call: Call) -> dict[str, str] | None:
    """Take the call's key, or return what was made under it before."""
    before = idempotency.claim(
        tx, key=call.key or "", request_hash=call.request_hash, caller=call.caller
    )
    if before is None:
        return None
    made: dict[str, str] = json.loads(before[1])
    return made


def _keep(tx: Transaction, call: Call, *, made_id: UUID, **more: str) -> None:
    """Remember, instead of the answer, what the answer follows from."""
    answer = json.dumps({"made_id": str(made_id), **more})
    idempotency.keep(tx, key=call.key or "", status=201, answer=answer)
