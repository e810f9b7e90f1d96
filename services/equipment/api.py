"""The shapes of requests and answers at the HTTP door of equipment."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, Strict, StringConstraints

from chassis.shapes import Answer, Body, Page
from services.equipment.domain import sale as selling
from services.equipment.domain.device import State, Step
from services.equipment.domain.guarantee import Guarantee as DomainGuarantee
from services.equipment.domain.kind import Condition, Grade, Kind
from services.equipment.domain.repair import Repair as DomainRepair
from services.equipment.domain.wipe import Method

Day = Annotated[date, Strict()]
Flag = Annotated[bool, Strict()]
Words = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
# Ten tonnes: a lorry; the limit keeps slips of the pen out.
WeightGrams = Annotated[int, Strict(), Field(gt=0, le=10_000_000)]
Cents = Annotated[int, Strict(), Field(ge=0, le=1_000_000)]
Percent = Annotated[int, Strict(), Field(ge=0, le=100)]
CheckName = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class EnterLot(Body):
    """A donor's delivery."""

    lot_code: Code
    site_code: Code
    donor: Words
    convention: Words | None = None
    received_on: Day
    weight_grams: WeightGrams


class EnterDevice(Body):
    """One device of a lot; `site_code` says where it is put when that is not the lot's site."""

    lot_id: UUID
    site_code: Code | None = None
    kind: Kind
    condition: Condition
    brand: Words
    model: Words
    imei: Code | None = None
    serial: Code | None = None


class RecordWipe(Body):
    """How a device's data was erased, and whether that worked."""

    method: Method
    tool: Words
    passed: Flag
    certificate_no: Words | None = None
    performed_on: Day
    storage_serial: Words | None = None


class RecordTest(Body):
    """What works: every function of this kind of device; today unless said otherwise."""

    checks: Annotated[dict[CheckName, Flag], Field(min_length=1, max_length=50)]
    battery_percent: Percent | None = None
    performed_on: Day | None = None


class GiveGrade(Body):
    """How a device looks."""

    grade: Grade


class SellDevice(Body):
    """Who buys, where, and what they hand over."""

    person_ref: UUID
    site_code: Code
    tendered_cents: Cents
    tender: Literal["cash", "card"]
    handover_on: Day | None = None


class OpenRepair(Body):
    """What is wrong with a sold device; `closed_on` when it is already mended."""

    opened_on: Day
    closed_on: Day | None = None
    fault: Sentence


class CloseRepair(Body):
    """When the device went back to its owner."""

    closed_on: Day


class RetireDevice(Body):
    """The slip under which a recycler collected a device."""

    slip_no: Code
    collected_on: Day
    weight_grams: WeightGrams
    reason: Sentence


class BlockImei(Body):
    """A phone known to be lost or stolen."""

    imei: Code
    reason: Sentence


class DevicePage(Page[UUID]):
    """Which devices to list, after which, and how many."""

    site_code: Code | None = None
    state: State | None = None
    kind: Kind | None = None


class LotEntered(Answer):
    """A lot, entered."""

    lot_id: UUID
    lot_code: str
    site_code: str


class DeviceEntered(Answer):
    """A device, entered."""

    device_id: UUID
    site_code: str
    state: State


class WipeRecorded(Answer):
    """What a wipe made of a device."""

    wipe_id: UUID
    device_id: UUID
    passed: bool
    state: State


class TestRecorded(Answer):
    """What a test made of a device."""

    test_id: UUID
    device_id: UUID
    passed: bool
    failed: list[str]
    state: State


class GradeGiven(Answer):
    """A device ready for sale."""

    device_id: UUID
    grade: Grade
    state: State
    price_cents: int
    label: str


class Guarantee(Answer):
    """What a sold device is covered by; each `until` is the last day covered."""

    sold_on: date
    handover_on: date
    starts_on: date
    commercial_until: date
    presumption_until: date
    legal_until: date
    suspended_days: int

    @classmethod
    def of(cls, guarantee: DomainGuarantee) -> "Guarantee":
        """Show a guarantee."""
        return cls(**asdict(guarantee))


class Sale(Answer):
    """A sale as its receipt shows it: the person's reference, and no IMEI or serial number."""

    sale_id: UUID
    device_id: UUID
    site_code: str
    person_ref: UUID
    business_date: date
    kind: Kind
    condition: Condition
    grade: Grade
    label: str
    price_cents: int
    tender: str
    tendered_cents: int
    change_cents: int
    guarantee: Guarantee

    @classmethod
    def of(cls, sale: selling.Sale, *, tender: str, label: str) -> "Sale":
        """Show a sale that was just made."""
        return cls(
            sale_id=sale.sale_id,
            device_id=sale.device.device_id,
            site_code=sale.device.site_code,
            person_ref=sale.person_ref,
            business_date=sale.business_date,
            kind=sale.device.kind,
            condition=sale.device.condition,
            grade=sale.proof.grade,
            label=label,
            price_cents=sale.price.price_cents,
            tender=tender,
            tendered_cents=sale.tendered_cents,
            change_cents=sale.change_cents,
            guarantee=Guarantee.of(sale.guarantee),
        )

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, label: str) -> "Sale":
        """Show a sale that was made before."""
        return cls(
            **{name: row[name] for name in cls.model_fields if name in row},
            label=label,
            guarantee=Guarantee(**{name: row[name] for name in Guarantee.model_fields}),
        )


class Repair(Answer):
    """A repair, and what it makes of the device and its guarantee."""

    repair_id: UUID
    device_id: UUID
    opened_on: date
    due_on: date
    closed_on: date | None
    fault: str
    under_guarantee: bool
    state: State
    guarantee: Guarantee

    @classmethod
    def of(cls, repair: DomainRepair, *, state: State, guarantee: DomainGuarantee) -> "Repair":
        """Show a repair."""
        return cls(**asdict(repair), state=state, guarantee=Guarantee.of(guarantee))


class DeviceRetired(Answer):
    """A device that left for recycling."""

    device_id: UUID
    slip_no: str
    state: State


class ImeiBlocked(Answer):
    """An IMEI that no site may receive or sell any more."""

    imei: str
    reason: str


class DeviceLine(Answer):
    """One device in a list; the price is that of a ready one, today."""

    device_id: UUID
    lot_id: UUID
    site_code: str
    kind: Kind
    condition: Condition
    brand: str
    model: str
    state: State
    grade: Grade | None
    price_cents: int | None
    label: str


class StepTaken(Answer):
    """One step of a device's life."""

    step_no: int
    step: Step
    from_state: State | None
    state: State
    at: datetime
    by: UUID
    site_code: str


class WipeLine(Answer):
    """One wipe of a device."""

    wipe_id: UUID
    step_no: int
    passed: bool
    method: Method
    tool: str
    certificate_no: str | None
    storage_serial: str | None
    performed_on: date


class TestLine(Answer):
    """One test of a device."""

    test_id: UUID
    step_no: int
    passed: bool
    checks: dict[str, bool]
    battery_percent: int | None
    performed_on: date


class GradingLine(Answer):
    """One grade a device was given."""

    step_no: int
    grade: Grade


class SaleLine(Answer):
    """That a device was sold, without to whom."""

    sale_id: UUID
    business_date: date
    price_cents: int


class RepairLine(Answer):
    """One repair of a device."""

    repair_id: UUID
    opened_on: date
    due_on: date
    closed_on: date | None
    fault: str
    under_guarantee: bool


class EndOfLife(Answer):
    """The recycler's slip."""

    slip_no: str
    weight_grams: int
    collected_on: date
    reason: str


class DeviceHistory(DeviceLine):
    """A device with all that happened to it; its buyer is not named beside its numbers."""

    imei: str | None
    serial: str | None
    lot_code: str
    history: list[StepTaken]
    wipes: list[WipeLine]
    tests: list[TestLine]
    gradings: list[GradingLine]
    sale: SaleLine | None
    guarantee: Guarantee | None
    repairs: list[RepairLine]
    end_of_life: EndOfLife | None


class Checks(Answer):
    """The functions that a test of one kind of device covers."""

    kind: Kind
    checks: list[str]


class PriceLine(Answer):
    """One line of today's tariff."""

    condition: Condition
    grade: Grade
    price_cents: int
    from_on: date
