"""Lots, devices and all that happens to them, as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis import queries
from chassis.db import Transaction
from kernel.money import Cents
from services.equipment.domain.device import Device, Proof, State, Step
from services.equipment.domain.entitlement import Entitlement
from services.equipment.domain.guarantee import Guarantee
from services.equipment.domain.identity import Identity
from services.equipment.domain.kind import Condition, Grade, Kind
from services.equipment.domain.lot import Lot
from services.equipment.domain.repair import Repair
from services.equipment.domain.sale import Price, Sale

SQL = queries.load("services.equipment")
Row = dict[str, Any]


# -- projections and settings ---------------------------------------------------------------------


def learn_site(tx: Transaction, *, site_code: str, name: str, address: str, sequence: int) -> bool:
    """Keep a site; say whether that was news."""
    values = {"site_code": site_code, "name": name, "address": address, "sequence": sequence}
    return _one(tx, "learn_site", values) is not None


def learn_entitlement(tx: Transaction, entitlement: Entitlement, *, sequence: int) -> bool:
    """Keep a person's entitlement; say whether that was news."""
    return _one(tx, "learn_entitlement", asdict(entitlement) | {"sequence": sequence}) is not None


def list_entitlements(tx: Transaction, person_refs: Sequence[UUID]) -> list[Entitlement]:
    """Load what is known of a person's entitlements, under all their references."""
    rows = _all(tx, "list_entitlements", {"person_refs": person_refs})
    return [Entitlement(**row) for row in rows]


def is_site(tx: Transaction, site_code: str) -> bool:
    """Say whether a site is known."""
    return _one(tx, "find_site", {"site_code": site_code}) is not None


def find_price(tx: Transaction, *, condition: Condition, grade: Grade, on: date) -> Price | None:
    """Load the line of the tariff in force on a day."""
    row = _one(tx, "find_price", {"condition": condition.value, "grade": grade.value, "on": on})
    return None if row is None else _price_from(row)


def list_prices(tx: Transaction, *, on: date) -> list[Price]:
    """Load the tariff in force on a day."""
    return [_price_from(row) for row in _all(tx, "list_prices", {"on": on})]


def list_checks(tx: Transaction, *, on: date, kind: Kind | None = None) -> dict[Kind, list[str]]:
    """Load the functions to test, of one kind of device or of all."""
    found: dict[Kind, list[str]] = {}
    for row in _all(tx, "list_checks", {"kind": kind and kind.value, "on": on}):
        found.setdefault(Kind(row["kind"]), []).append(row["name"])
    return found


def add_blocked_imei(tx: Transaction, imei: str, *, reason: str, by: UUID, at: datetime) -> None:
    """Put an IMEI on the list of lost and stolen phones."""
    values = {"imei": imei, "reason": reason, "blocked_by": by, "blocked_at": at}
    tx.execute(SQL["add_blocked_imei"], values)


def is_blocked(tx: Transaction, imei: str) -> bool:
    """Say whether an IMEI is on the list."""
    return _one(tx, "find_blocked_imei", {"imei": imei}) is not None


def is_blocked_device(tx: Transaction, device_id: UUID) -> bool:
    """Say whether the IMEI of a device is on the list."""
    return _one(tx, "find_blocked_device", {"device_id": device_id}) is not None


# -- lots and devices -----------------------------------------------------------------------------


def add_lot(tx: Transaction, lot: Lot, *, by: UUID, at: datetime) -> bool:
    """Insert a lot; say no when its code is taken."""
    return _one(tx, "add_lot", asdict(lot) | {"entered_by": by, "entered_at": at}) is not None


def find_lot(tx: Transaction, lot_id: UUID) -> Lot | None:
    """Load a lot."""
    row = _one(tx, "find_lot", {"lot_id": lot_id})
    return None if row is None else Lot(**row)


def add_device(
    tx: Transaction, device: Device, *, identity: Identity, by: UUID, at: datetime
) -> bool:
    """Insert a device with its first step; say no when its IMEI or serial number is known."""
    values = asdict(device) | asdict(identity)
    if _one(tx, "add_device", values) is None:
        return False
    _add_step(tx, device, step=Step.RECEIVE, from_state=None, by=by, at=at)
    return True


def lock_device(tx: Transaction, device_id: UUID) -> Device | None:
    """Load a device and hold it until the transaction ends."""
    row = _one(tx, "lock_device", {"device_id": device_id})
    if row is None:
        return None
    return Device(
        **row
        | {
            "kind": Kind(row["kind"]),
            "condition": Condition(row["condition"]),
            "state": State(row["state"]),
        }
    )


def save_step(
    tx: Transaction, device: Device, *, step: Step, before: Device, by: UUID, at: datetime
) -> None:
    """Write down a step of a device's life, and where it brought the device."""
    _add_step(tx, device, step=step, from_state=before.state, by=by, at=at)
    tx.execute(
        SQL["save_device"],
        {"device_id": device.device_id, "state": device.state.value, "step_no": device.step_no},
    )


def _add_step(
    tx: Transaction,
    device: Device,
    *,
    step: Step,
    from_state: State | None,
    by: UUID,
    at: datetime,
) -> None:
    tx.execute(
        SQL["add_step"],
        {
            "device_id": device.device_id,
            "step_no": device.step_no,
            "step": step.value,
            "from_state": from_state and from_state.value,
            "to_state": device.state.value,
            "site_code": device.site_code,
            "taken_by": by,
            "taken_at": at,
        },
    )


# -- wipes, tests, grades -------------------------------------------------------------------------


def add_wipe(tx: Transaction, device: Device, *, wipe: Mapping[str, Any]) -> None:
    """Insert the wipe that was a device's last step."""
    tx.execute(SQL["add_wipe"], _of_step(device) | dict(wipe))


def find_wiped_on(tx: Transaction, device_id: UUID) -> date | None:
    """Load the day of a device's last passed wipe."""
    row = _one(tx, "find_wiped_on", {"device_id": device_id})
    return None if row is None else row["performed_on"]


def add_test(
    tx: Transaction, device: Device, *, test: Mapping[str, Any], checks: Mapping[str, bool]
) -> None:
    """Insert the test that was a device's last step."""
    tx.execute(SQL["add_test"], _of_step(device) | dict(test) | {"checks": Jsonb(dict(checks))})


def add_grading(tx: Transaction, device: Device, *, grade: Grade) -> None:
    """Insert the grade that was a device's last step."""
    tx.execute(SQL["add_grading"], _of_step(device) | {"grade": grade.value})


def find_proof(tx: Transaction, device_id: UUID) -> Proof | None:
    """Load the steps that make a device fit for sale."""
    row = _one(tx, "find_proof", {"device_id": device_id})
    return None if row is None else Proof(**row | {"grade": Grade(row["grade"])})


# -- sales, guarantees, repairs -------------------------------------------------------------------


def add_sale(tx: Transaction, sale: Sale, *, tender: str, by: UUID, at: datetime) -> None:
    """Insert a sale with the guarantee it comes with."""
    tx.execute(
        SQL["add_sale"],
        _of_step(sale.device)
        | {
            "sale_id": sale.sale_id,
            "wipe_step_no": sale.proof.wipe_step_no,
            "test_step_no": sale.proof.test_step_no,
            "grade_step_no": sale.proof.grade_step_no,
            "site_code": sale.device.site_code,
            "person_ref": sale.person_ref,
            "entitled_from": sale.entitlement.from_on,
            "entitled_until": sale.entitlement.until_on,
            "condition": sale.price.condition.value,
            "grade": sale.price.grade.value,
            "price_id": sale.price.price_id,
            "price_cents": sale.price.price_cents,
            "tender": tender,
            "tendered_cents": sale.tendered_cents,
            "change_cents": sale.change_cents,
            "business_date": sale.business_date,
            "sold_at": at,
            "sold_by": by,
        },
    )
    add_guarantee(tx, sale.device, guarantee=sale.guarantee)


def find_sale(tx: Transaction, sale_id: UUID) -> Row | None:
    """Load a sale."""
    return _one(tx, "find_sale", {"sale_id": sale_id})


def find_buyer(tx: Transaction, device_id: UUID) -> UUID | None:
    """Find whom a device was sold to."""
    row = _one(tx, "find_buyer", {"device_id": device_id})
    return None if row is None else row["person_ref"]


def add_guarantee(tx: Transaction, device: Device, *, guarantee: Guarantee) -> None:
    """Insert what covers a device from its last step on."""
    tx.execute(SQL["add_guarantee"], _of_step(device) | asdict(guarantee))


def find_guarantee(tx: Transaction, device_id: UUID) -> Guarantee | None:
    """Load what covers a device now."""
    row = _one(tx, "find_guarantee", {"device_id": device_id})
    return None if row is None else Guarantee(**row)


def add_repair(tx: Transaction, device: Device, *, repair: Repair) -> None:
    """Insert the repair that a device's last step opened."""
    tx.execute(SQL["add_repair"], _of_step(device) | asdict(repair))


def add_repair_closing(tx: Transaction, device: Device, *, repair: Repair) -> None:
    """Insert the end of a repair, a device's last step."""
    tx.execute(SQL["add_repair_closing"], _of_step(device) | asdict(repair))


def find_repair(tx: Transaction, repair_id: UUID) -> Repair | None:
    """Load a repair."""
    row = _one(tx, "find_repair", {"repair_id": repair_id})
    return None if row is None else Repair(**row)


def add_end_of_life(tx: Transaction, device: Device, *, slip: Mapping[str, Any]) -> None:
    """Insert the recycler's slip."""
    tx.execute(SQL["add_end_of_life"], _of_step(device) | dict(slip))


# -- reading --------------------------------------------------------------------------------------


def list_devices(tx: Transaction, *, wanted: Mapping[str, Any], on: date) -> list[Row]:
    """Load a page of devices, with today's price of those that are ready."""
    every = {
        "site_codes": None,
        "state": None,
        "kind": None,
        "device_id": None,
        "after": None,
        "count_max": 1,
    }
    return _all(tx, "list_devices", every | dict(wanted) | {"on": on})


def find_history(tx: Transaction, device_id: UUID) -> Row:
    """Load all that happened to a device, under the names the answer has."""
    this = {"device_id": device_id}
    return (_one(tx, "find_identity", this) or {}) | {
        "history": _all(tx, "list_steps", this),
        "wipes": _all(tx, "list_wipes", this),
        "tests": _all(tx, "list_tests", this),
        "gradings": _all(tx, "list_gradings", this),
        "sale": _one(tx, "find_sale_of_device", this),
        "guarantee": _one(tx, "find_guarantee", this),
        "repairs": [
            {name: value for name, value in row.items() if name != "device_id"}
            for row in _all(tx, "list_repairs", this)
        ],
        "end_of_life": _one(tx, "find_end_of_life", this),
    }


def _of_step(device: Device) -> Row:
    return {"device_id": device.device_id, "step_no": device.step_no}


def _price_from(row: Row) -> Price:
    return Price(
        **row
        | {
            "condition": Condition(row["condition"]),
            "grade": Grade(row["grade"]),
            "price_cents": Cents(row["price_cents"]),
        }
    )


def _one(tx: Transaction, name: str, values: Mapping[str, Any]) -> Row | None:
    return tx.execute(SQL[name], values).fetchone()


def _all(tx: Transaction, name: str, values: Mapping[str, Any]) -> list[Row]:
    return tx.execute(SQL[name], values).fetchall()
