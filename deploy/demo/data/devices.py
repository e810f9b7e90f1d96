"""A company's gift of 40 devices: 24 phones with valid IMEIs, 16 laptops with serial numbers.

Four of them fail their wipe and three their test, so that refusals happen; the rest get a grade.
Type allocation codes begin with 00, which is kept for test equipment: no IMEI here is a real one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from stdnum import luhn

from deploy.demo.data.network import SELLING
from deploy.demo.data.seed import generator

_PHONES = (
    ("Samsung", "Galaxy A14"),
    ("Samsung", "Galaxy A34"),
    ("Huawei", "P30 Lite"),
    ("Xiaomi", "Redmi Note 11"),
    ("Motorola", "Moto G32"),
)
_LAPTOPS = (
    ("Dell", "Latitude 5490"),
    ("HP", "EliteBook 840 G5"),
    ("Lenovo", "ThinkPad T480"),
    ("HP", "ProBook 450 G6"),
)
_GRADES = ("A", "A", "B", "B", "B", "C", "D")
_WIPE_FAILS = {3, 11, 26, 34}
_TEST_FAILS = {7, 19, 30}
# Functions that phones and laptops both have.
_FUNCTIONS = ("screen", "battery", "camera")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What becomes of one device; `grade` only if wipe and test are passed."""

    kind: str  # phone | laptop
    brand: str
    model: str
    condition: str  # used | new
    imei: str | None
    serial: str | None
    site_code: str  # where it is put on sale
    wipe_method: str  # clear | purge
    wipe_tool: str
    wipe_passed: bool
    certificate_no: str | None
    failed_functions: tuple[str, ...]
    battery_percent: int
    grade: str | None

    @property
    def test_passed(self) -> bool:
        """Whether every function works."""
        return not self.failed_functions

    def receipt(self) -> dict[str, Any]:
        """The body of POST equipment/v1/devices, but for the lot's id."""
        numbers = {"imei": self.imei, "serial": self.serial}
        return {
            "site_code": self.site_code,
            "kind": self.kind,
            "condition": self.condition,
            "brand": self.brand,
            "model": self.model,
        } | {name: number for name, number in numbers.items() if number is not None}

    def wipe(self, *, performed_on: date) -> dict[str, Any]:
        """The body of POST equipment/v1/devices/{device_id}/wipes."""
        return {
            "method": self.wipe_method,
            "tool": self.wipe_tool,
            "passed": self.wipe_passed,
            "performed_on": performed_on.isoformat(),
        } | ({"certificate_no": self.certificate_no} if self.certificate_no else {})

    def test(self, functions: Iterable[str]) -> dict[str, Any]:
        """The body of POST equipment/v1/devices/{device_id}/tests, over the functions it asks."""
        return {
            "checks": {name: name not in self.failed_functions for name in functions},
            "battery_percent": self.battery_percent,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What a donor gave on one day, delivered to one site and shared out from there."""

    lot_code: str
    site_code: str
    donor: str
    convention: str
    received_on: date
    weight_grams: int
    devices: tuple[Device, ...]

    def delivery(self) -> dict[str, Any]:
        """The body of POST equipment/v1/lots."""
        return {
            "lot_code": self.lot_code,
            "site_code": self.site_code,
            "donor": self.donor,
            "convention": self.convention,
            "received_on": self.received_on.isoformat(),
            "weight_grams": self.weight_grams,
        }


def make(*, today: date) -> Lot:
    """Make the lot, received nine days before today."""
    rng = generator("devices")
    received_on = today - timedelta(days=9)
    return Lot(
        lot_code=f"LOT-{received_on:%Y-%m}-001",
        site_code="saint-denis",
        donor="Ateliers du Grand Pré SA",
        convention="CONV-2026-014",
        received_on=received_on,
        weight_grams=34_580,
        devices=tuple(_device(number, rng=rng) for number in range(40)),
    )


def _device(number: int, *, rng: Random) -> Device:
    is_phone = number < 24
    wipe_passed = number not in _WIPE_FAILS
    test_passed = number not in _TEST_FAILS
    brand, model = rng.choice(_PHONES if is_phone else _LAPTOPS)
    return Device(
        kind="phone" if is_phone else "laptop",
        brand=brand,
        model=model,
        # The last two laptops come sealed from the donor's store room.
        condition="new" if number >= 38 else "used",
        imei=_imei(rng) if is_phone else None,
        serial=None if is_phone else f"{brand[:2].upper()}{rng.randrange(10**9):09d}",
        site_code=SELLING[number % len(SELLING)],
        wipe_method="purge" if number % 2 else "clear",
        wipe_tool="factory reset" if is_phone else "nwipe 0.36",
        wipe_passed=wipe_passed,
        certificate_no=f"EFF-{number + 1:04d}" if wipe_passed else None,
        failed_functions=() if test_passed else (rng.choice(_FUNCTIONS),),
        battery_percent=rng.randint(72, 100),
        grade=rng.choice(_GRADES) if wipe_passed and test_passed else None,
    )


def _imei(rng: Random) -> str:
    body = f"00{rng.randrange(10**12):012d}"
    return body + luhn.calc_check_digit(body)
