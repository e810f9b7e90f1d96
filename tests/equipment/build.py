"""Devices, callers and days, for the tests of equipment."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.http import Call
from kernel.envelope import Envelope
from services.equipment import api, handlers
from services.equipment.domain.device import Device, State
from services.equipment.domain.kind import Condition, Grade, Kind
from services.equipment.domain.wipe import Method

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PERSON = UUID(int=42)
HERE, ELSEWHERE = "saint-denis", "marseille"

_numbers = itertools.count()


def a_caller(role: str = "till_operator", *, sites: Sequence[str] = (HERE,)) -> Caller:
    return Caller(user_id=UUID(int=7), role=role, site_codes=frozenset(sites))


def a_call(
    caller: Caller | None = None, *, now: datetime = NOON, query: dict[str, str] | None = None
) -> Call:
    return Call(
        now=now, caller=caller or a_caller(), address="127.0.0.1", language="fr", query=query or {}
    )


def an_imei() -> str:
    """Return a fresh IMEI of the range kept for test equipment, with its check digit."""
    body = f"00{next(_numbers):012d}"
    digits = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(body)]
    total = sum(value - 9 if value > 9 else value for value in digits)
    return f"{body}{-total % 10}"


def a_device(
    *,
    kind: Kind = Kind.LAPTOP,
    condition: Condition = Condition.USED,
    state: State = State.READY,
    site_code: str = HERE,
) -> Device:
    return Device(
        device_id=UUID(int=1),
        lot_id=UUID(int=2),
        site_code=site_code,
        kind=kind,
        condition=condition,
        brand="Lenovo",
        model="ThinkPad T480",
        received_on=date(2026, 11, 11),
        state=state,
        step_no=9,
    )


def a_fact(kind: str, subject: str, *, sequence: int, **data: Any) -> Envelope:
    return Envelope(
        id=uuid4(),
        type=kind,
        subject=subject,
        site=HERE,
        time=NOON,
        data=data,
        sequence=sequence,
    )


def an_entitlement(
    *,
    person_ref: UUID = PERSON,
    from_on: date = TODAY,
    until_on: date = TODAY + timedelta(days=270),
    sequence: int = 1,
    renewed: bool = False,
) -> Envelope:
    return a_fact(
        f"referrals.entitlement.{'renewed' if renewed else 'opened'}.v1",
        str(person_ref),
        sequence=sequence,
        person_ref=str(person_ref),
        **{"from": from_on.isoformat(), "until": until_on.isoformat()},
        monthly_cap_cents=3000,
    )


def a_site(site_code: str = HERE, *, name: str = "Saint-Denis", sequence: int = 1) -> Envelope:
    return a_fact(
        "accounts.site.opened.v1",
        site_code,
        sequence=sequence,
        site_code=site_code,
        name=name,
        address="1 rue du Relais",
    )


@dataclass(kw_only=True)
class Workshop:
    """Brings devices to where a test wants them, through the handlers, as a till operator would."""

    tx: Transaction
    call: Call = field(default_factory=a_call)

    def enter_lot(self, **changes: Any) -> UUID:
        asked = {
            "lot_code": f"LOT-{next(_numbers)}",
            "site_code": HERE,
            "donor": "Ateliers du Grand Pré SA",
            "convention": None,
            "received_on": date(2026, 11, 11),
            "weight_grams": 25_000,
        }
        body = api.EnterLot.model_validate(asked | changes)
        return handlers.enter_lot(self.tx, body, call=self.call).lot_id

    def enter(self, *, lot_id: UUID | None = None, **changes: Any) -> UUID:
        kind = changes.get("kind", "laptop")
        number = {"imei": an_imei()} if kind == "phone" else {"serial": f"SN{next(_numbers)}"}
        asked = {
            "lot_id": lot_id or self.enter_lot(),
            "kind": kind,
            "condition": "used",
            "brand": "Lenovo",
            "model": "ThinkPad T480",
        }
        body = api.EnterDevice.model_validate(asked | number | changes)
        return handlers.enter_device(self.tx, body, call=self.call).device_id

    def wipe(
        self,
        device_id: UUID,
        *,
        passed: bool = True,
        on: date = TODAY,
        method: Method = Method.PURGE,
    ) -> api.WipeRecorded:
        body = api.RecordWipe(
            method=method,
            tool="nwipe 0.36",
            passed=passed,
            performed_on=on,
            certificate_no="W-1" if passed else None,
            storage_serial="DISK-1" if method is Method.DESTROY else None,
        )
        return handlers.record_wipe(self.tx, body, device_id=device_id, call=self.call)

    def test(
        self,
        device_id: UUID,
        *,
        kind: Kind = Kind.LAPTOP,
        failing: Sequence[str] = (),
        on: date | None = None,
    ) -> api.TestRecorded:
        lists = {each.kind: each.checks for each in handlers.list_checks(self.tx, call=self.call)}
        checks = {name: name not in failing for name in lists[kind]}
        body = api.RecordTest(checks=checks, performed_on=on)
        return handlers.record_test(self.tx, body, device_id=device_id, call=self.call)

    def grade(self, device_id: UUID, *, grade: Grade = Grade.B) -> api.GradeGiven:
        body = api.GiveGrade(grade=grade)
        return handlers.give_grade(self.tx, body, device_id=device_id, call=self.call)

    def ready(self, *, kind: Kind = Kind.LAPTOP, **changes: Any) -> UUID:
        device_id = self.enter(kind=kind.value, **changes)
        self.wipe(device_id)
        self.test(device_id, kind=kind)
        self.grade(device_id)
        return device_id

    def sell(self, device_id: UUID, **changes: Any) -> api.Sale:
        return handlers.sell_device(
            self.tx, a_purchase(**changes), device_id=device_id, call=self.call
        )

    def repair(
        self,
        device_id: UUID,
        *,
        opened_on: date = TODAY,
        closed_on: date | None = None,
        fault: str = "No sound",
    ) -> api.Repair:
        body = api.OpenRepair(opened_on=opened_on, closed_on=closed_on, fault=fault)
        return handlers.open_repair(self.tx, body, device_id=device_id, call=self.call)

    def retire(self, device_id: UUID) -> api.DeviceRetired:
        body = api.RetireDevice(
            slip_no="DEEE-1", collected_on=TODAY, weight_grams=1_800, reason="Beyond repair"
        )
        return handlers.retire_device(self.tx, body, device_id=device_id, call=self.call)


def a_purchase(**changes: Any) -> api.SellDevice:
    asked = {
        "person_ref": PERSON,
        "site_code": HERE,
        "tendered_cents": 7000,
        "tender": "cash",
    }
    return api.SellDevice.model_validate(asked | changes)
