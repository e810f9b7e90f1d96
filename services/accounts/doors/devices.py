"""Till devices; doors, because a command would keep the code and the token in its answer."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis import http, idempotency
from chassis.db import Transaction
from chassis.http import ANYONE, Call, Paged
from chassis.resources import DatabaseProvider
from services.accounts.api import Nothing
from services.accounts.api import devices as api
from services.accounts.domain.device import CodeUnknown
from services.accounts.doors import MANAGERS, attempts, secrets
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
        enrolment_id = call.new_id()
        with self.database.transaction() as tx:
            known_id = _claim(tx, call)
            if known_id is None:
                handlers.await_device(
                    tx,
                    body,
                    enrolment_id=enrolment_id,
                    code_digest=secrets.seal().code_digest(
                        secrets.seal().enrolment_code(enrolment_id)
                    ),
                    lifetime=timedelta(minutes=current().enrolment_minutes),
                    caller=call.caller,
                    now=call.now,
                )
                _keep(tx, call, made_id=enrolment_id)
            enrolment = handlers.find_enrolment(tx, known_id or enrolment_id)
        return api.Enrolment(
            enrolment_code=secrets.seal().enrolment_code(enrolment.enrolment_id),
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
        counts = (attempts.for_enrolments(call),)
        attempts.begin(self.database, counts, call=call)
        device_id = call.new_id()
        passed = True
        try:
            with self.database.transaction() as tx:
                known_id = _claim(tx, call)
                if known_id is None:
                    handlers.enrol_device(
                        tx,
                        code_digest=secrets.seal().code_digest(body.enrolment_code),
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
                attempts.end(tx, counts, passed=passed, call=call)
        lifetime = timedelta(days=current().device_token_days)
        return api.EnrolledDevice(
            device_id=device.device_id,
            till_id=device.till_id,
            device_token=secrets.seal().device_token(device, lifetime=lifetime),
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
