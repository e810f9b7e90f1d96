"""What equipment tells and hears.  No IMEI and no serial number ever leaves the service."""

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.facts import Fact, Heard
from kernel.envelope import Envelope
from services.equipment.domain.kind import Condition, Grade, Kind

_DEVICE_ID = "01932d3a-7c00-7000-8000-00000000e001"


class DeviceReceived(Fact):
    """A device was entered at a site."""

    TYPE: ClassVar[str] = "equipment.device.received.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "device_id": _DEVICE_ID,
        "lot_id": "01932d3a-7c00-7000-8000-00000000e000",
        "site_code": "saint-denis",
        "kind": "laptop",
        "condition": "used",
        "brand": "Lenovo",
        "model": "ThinkPad T480",
        "received_on": "2026-11-12",
    }

    device_id: UUID
    lot_id: UUID
    site_code: str
    kind: Kind
    condition: Condition
    brand: str
    model: str
    received_on: date


class DeviceReady(Fact):
    """A wiped and tested device got a grade, and with it a price."""

    TYPE: ClassVar[str] = "equipment.device.ready.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "device_id": _DEVICE_ID,
        "site_code": "saint-denis",
        "kind": "laptop",
        "condition": "used",
        "grade": "B",
        "price_cents": 6000,
    }

    device_id: UUID
    site_code: str
    kind: Kind
    condition: Condition
    grade: Grade
    price_cents: int


class GuaranteeTold(BaseModel):
    """The guarantee a device was sold with; each `until` is the last day covered."""

    sold_on: date
    handover_on: date
    starts_on: date
    commercial_until: date
    presumption_until: date
    legal_until: date


class DeviceSold(Fact):
    """A device was paid for and has an owner."""

    TYPE: ClassVar[str] = "equipment.device.sold.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "device_id": _DEVICE_ID,
        "sale_id": "01932d3a-7c00-7000-8000-00000000e002",
        "site_code": "saint-denis",
        "person_ref": "01932d3a-7c00-7000-8000-00000000e003",
        "kind": "laptop",
        "condition": "used",
        "grade": "B",
        "price_cents": 6000,
        "tender": "cash",
        "business_date": "2026-11-21",
        "guarantee": {
            "sold_on": "2026-11-21",
            "handover_on": "2026-11-21",
            "starts_on": "2026-11-21",
            "commercial_until": "2027-11-21",
            "presumption_until": "2027-11-21",
            "legal_until": "2028-11-21",
        },
    }

    device_id: UUID
    sale_id: UUID
    site_code: str
    person_ref: UUID
    kind: Kind
    condition: Condition
    grade: Grade
    price_cents: int
    tender: str
    business_date: date
    guarantee: GuaranteeTold


class SiteOpened(Heard):
    """What we read of `accounts.site.opened.v1`."""

    TYPE: ClassVar[str] = "accounts.site.opened.v1"

    site_code: str
    name: str
    address: str


class EntitlementOpened(Heard):
    """What we read of `referrals.entitlement.opened.v1`; `until` is exclusive."""

    TYPE: ClassVar[str] = "referrals.entitlement.opened.v1"

    person_ref: UUID
    from_on: date = Field(alias="from")
    until_on: date = Field(alias="until")


class EntitlementRenewed(EntitlementOpened):
    """What we read of `referrals.entitlement.renewed.v1`."""

    TYPE: ClassVar[str] = "referrals.entitlement.renewed.v1"


class EntitlementShortened(EntitlementOpened):
    """What we read of `referrals.entitlement.shortened.v1`."""

    TYPE: ClassVar[str] = "referrals.entitlement.shortened.v1"


def entitlement_in(fact: Envelope) -> EntitlementOpened:
    """Read any of the facts that tell a person's entitlement."""
    told = (EntitlementOpened, EntitlementRenewed, EntitlementShortened)
    return {kind.TYPE: kind for kind in told}[fact.type].hear(fact)
