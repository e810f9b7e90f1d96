"""A company's gift of 40 devices: 24 phones with valid IMEIs, 16 laptops with serial numbers.

Four of them fail their wipe and three their test, so that refusals happen; the rest get a grade.
Type allocation codes begin with 00, which is kept for test equipment: no IMEI here is a real one.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from stdnum import luhn

from deploy.demo.data.seed import generator

_PHONES = ("Galaxy A14", "Galaxy A34", "P30 Lite", "Redmi Note 11", "Moto G32")
_LAPTOPS = ("Latitude 5490", "EliteBook 840 G5", "ThinkPad T480", "ProBook 450 G6")
_GRADES = ("A", "A", "B", "B", "B", "C")
_WIPE_FAILS = {3, 11, 26, 34}
_TEST_FAILS = {7, 19, 30}
_SITES = ("saint-denis", "paris-19", "marseille")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What becomes of one device; `grade` only if wipe and test are passed."""

    kind: str  # phone | laptop
    model: str
    condition: str  # used | new
    imei: str | None
    serial: str | None
    weight_g: int
    site_code: str
    wipe_method: str
    wipe_tool: str
    wipe_passed: bool
    test_passed: bool
    failed_functions: tuple[str, ...]
    battery_percent: int
    grade: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What a donor gave on one day."""

    lot_code: str
    donor: str
    convention: str
    received_on: date
    weight_g: int
    devices: tuple[Device, ...]


def make(*, today: date) -> Lot:
    """Make the lot, received nine days before today."""
    rng = generator("devices")
    devices = tuple(_device(number, rng=rng) for number in range(40))
    received_on = today - timedelta(days=9)
    return Lot(
        lot_code=f"LOT-{received_on:%Y-%m}-001",
        donor="Ateliers du Grand Pré SA",
        convention="CONV-2026-014",
        received_on=received_on,
        weight_g=sum(device.weight_g for device in devices),
        devices=devices,
    )


def _device(number: int, *, rng: Random) -> Device:
    is_phone = number < 24
    wipe_passed = number not in _WIPE_FAILS
    test_passed = number not in _TEST_FAILS
    model = rng.choice(_PHONES if is_phone else _LAPTOPS)
    return Device(
        kind="phone" if is_phone else "laptop",
        model=model,
        # The last two laptops come sealed from the donor's store room.
        condition="new" if number >= 38 else "used",
        imei=_imei(rng) if is_phone else None,
        serial=None if is_phone else f"{model[:2].upper()}{rng.randrange(36**6):09d}",
        weight_g=rng.randint(160, 215) if is_phone else rng.randint(1_450, 2_100),
        site_code=_SITES[number % len(_SITES)],
        wipe_method="NIST 800-88 purge" if number % 2 else "NIST 800-88 clear",
        wipe_tool="factory reset" if is_phone else "nwipe 0.36",
        wipe_passed=wipe_passed,
        test_passed=test_passed,
        failed_functions=() if test_passed else (rng.choice(("screen", "battery", "camera")),),
        battery_percent=rng.randint(72, 100),
        grade=rng.choice(_GRADES) if wipe_passed and test_passed else None,
    )


def _imei(rng: Random) -> str:
    body = f"00{rng.randrange(10**12):012d}"
    return body + luhn.calc_check_digit(body)
