"""What recharges tells, and what it reads of what others tell.  Field names are promises."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.facts import Fact, Heard


class OfferReceived(BaseModel):
    """How many vouchers of one offer a batch holds; the face value is of all of them."""

    offer_code: str
    count: int
    face_value_cents: int


class BatchReceived(Fact):
    """An operator's vouchers have arrived at a site; the face value is of all of them."""

    TYPE: ClassVar[str] = "recharges.batch.received.v1"
    SAMPLE: ClassVar = {
        "batch_id": "0192f0a0-0000-7000-8000-000000000001",
        "operator": "sfr",
        "batch_code": "SFR-2026-11-A",
        "site_code": "saint-denis",
        "vouchers": 3,
        "face_value_cents": 3500,
        "offers": [
            {"offer_code": "sfr-15", "count": 2, "face_value_cents": 3000},
            {"offer_code": "sfr-500mo", "count": 1, "face_value_cents": 500},
        ],
    }

    batch_id: UUID
    operator: str
    batch_code: str
    site_code: str
    vouchers: int
    face_value_cents: int
    offers: list[OfferReceived]


class OfferMoved(OfferReceived):
    """How many vouchers of one offer moved; the face value is of all of them."""

    operator: str


_MOVED: dict[str, object] = {
    "site_code": "saint-denis",
    "vouchers": 4,
    "face_value_cents": 6000,
    "offers": [
        {"offer_code": "sfr-15", "operator": "sfr", "count": 4, "face_value_cents": 6000},
    ],
}
_TRANSFER: dict[str, object] = _MOVED | {
    "transfer_id": "0192f0a0-0000-7000-8000-000000000008",
    "from_site": "saint-denis",
    "to_site": "paris-19",
}


class VouchersMoved(Fact):
    """Vouchers left a site's shelf or came to it, other than by a delivery or a sale."""

    site_code: str
    vouchers: int
    face_value_cents: int
    offers: list[OfferMoved]


class TransferSent(VouchersMoved):
    """Vouchers left a site for another."""

    TYPE: ClassVar[str] = "recharges.transfer.sent.v1"
    SAMPLE: ClassVar = _TRANSFER

    transfer_id: UUID
    from_site: str
    to_site: str


class TransferReceived(VouchersMoved):
    """Vouchers were counted in; what is missing of them is written off where they were sent."""

    TYPE: ClassVar[str] = "recharges.transfer.received.v1"
    SAMPLE: ClassVar = _TRANSFER | {"site_code": "paris-19", "missing": []}

    transfer_id: UUID
    from_site: str
    to_site: str
    missing: list[OfferMoved]


class TransferCancelled(VouchersMoved):
    """Vouchers that were sent came back, before the other site counted them in."""

    TYPE: ClassVar[str] = "recharges.transfer.cancelled.v1"
    SAMPLE: ClassVar = _TRANSFER

    transfer_id: UUID
    from_site: str
    to_site: str


class VouchersWrittenOff(VouchersMoved):
    """Vouchers that nobody can sell: they are off the shelf, or did not arrive at another."""

    TYPE: ClassVar[str] = "recharges.voucher.written_off.v1"
    SAMPLE: ClassVar = _MOVED | {
        "change_id": "0192f0a0-0000-7000-8000-000000000009",
        "cause": "expired",
        "transfer_id": None,
    }

    change_id: UUID
    #: "damaged", "lost", "expired", or "missing" of a transfer.
    cause: str
    transfer_id: UUID | None


class VouchersFound(VouchersMoved):
    """Vouchers that were lost, or missing, are on the shelf again."""

    TYPE: ClassVar[str] = "recharges.voucher.found.v1"
    SAMPLE: ClassVar = _MOVED | {"change_id": "0192f0a0-0000-7000-8000-00000000000a"}

    change_id: UUID


class LineSold(BaseModel):
    """One line of a sale; price and face value are of one voucher."""

    offer_code: str
    operator: str
    quantity: int
    price_cents: int
    face_value_cents: int
    serials: list[str]


class SaleCompleted(Fact):
    """A sale was paid for and its vouchers were handed over."""

    TYPE: ClassVar[str] = "recharges.sale.completed.v1"
    SAMPLE: ClassVar = {
        "sale_id": "0192f0a0-0000-7000-8000-000000000002",
        "till_id": "0192f0a0-0000-7000-8000-000000000003",
        "ticket_no": 1,
        "person_ref": "0192f0a0-0000-7000-8000-000000000004",
        "business_date": "2026-11-21",
        "tender": "cash",
        "total_cents": 500,
        "lines": [
            {
                "offer_code": "sfr-15",
                "operator": "sfr",
                "quantity": 2,
                "price_cents": 250,
                "face_value_cents": 1500,
                "serials": ["1000000001", "1000000002"],
            }
        ],
    }

    sale_id: UUID
    till_id: UUID
    ticket_no: int
    person_ref: UUID
    business_date: date
    tender: str
    total_cents: int
    lines: list[LineSold]


class TillOpened(Fact):
    """A drawer session was opened at a till."""

    TYPE: ClassVar[str] = "recharges.till.opened.v1"
    SAMPLE: ClassVar = {
        "drawer_session_id": "0192f0a0-0000-7000-8000-000000000005",
        "till_id": "0192f0a0-0000-7000-8000-000000000003",
        "business_date": "2026-11-21",
        "opening": "counted",
        "float_cents": 5000,
    }

    drawer_session_id: UUID
    till_id: UUID
    business_date: date
    opening: str
    float_cents: int


class CashMoved(Fact):
    """Cash was put into a drawer, or taken out, other than by a sale: then it is below zero."""

    TYPE: ClassVar[str] = "recharges.cash.moved.v1"
    SAMPLE: ClassVar = {
        "cash_line_id": 17,
        "drawer_session_id": "0192f0a0-0000-7000-8000-000000000005",
        "till_id": "0192f0a0-0000-7000-8000-000000000003",
        "business_date": "2026-11-21",
        "purpose": "bank",
        "amount_cents": -10000,
    }

    cash_line_id: int
    drawer_session_id: UUID
    till_id: UUID
    business_date: date
    #: Where the cash came from or went: the site's "safe", the "bank", or an "expense".
    purpose: str
    amount_cents: int


class SaleRefunded(Fact):
    """Money of a sale went back; amounts are above zero."""

    TYPE: ClassVar[str] = "recharges.sale.refunded.v1"
    SAMPLE: ClassVar = {
        "refund_id": "0192f0a0-0000-7000-8000-000000000006",
        "sale_id": "0192f0a0-0000-7000-8000-000000000002",
        "till_id": "0192f0a0-0000-7000-8000-000000000003",
        "ticket_no": 2,
        "person_ref": "0192f0a0-0000-7000-8000-000000000004",
        "business_date": "2026-11-21",
        "tender": "cash",
        "total_cents": 250,
        "vouchers": "refunded_by_operator",
        "lines": [
            {
                "offer_code": "sfr-15",
                "operator": "sfr",
                "quantity": 1,
                "price_cents": 250,
                "face_value_cents": 1500,
                "serials": ["1000000001"],
            }
        ],
    }

    refund_id: UUID
    sale_id: UUID
    till_id: UUID
    ticket_no: int
    person_ref: UUID
    business_date: date
    tender: str
    total_cents: int
    #: What became of them: "returned" to stock unseen, or "refunded_by_operator".
    vouchers: str
    lines: list[LineSold]


class DrawerClosed(Fact):
    """A drawer session was counted and closed."""

    TYPE: ClassVar[str] = "recharges.drawer.closed.v1"
    SAMPLE: ClassVar = {
        "drawer_session_id": "0192f0a0-0000-7000-8000-000000000005",
        "till_id": "0192f0a0-0000-7000-8000-000000000003",
        "business_date": "2026-11-21",
        "float_cents": 5000,
        "expected_cents": 5500,
        "counted_cents": 5450,
        "gap_cents": -50,
    }

    drawer_session_id: UUID
    till_id: UUID
    business_date: date
    float_cents: int
    expected_cents: int
    counted_cents: int
    gap_cents: int


class Anchor(BaseModel):
    """The end of one chain of a till's journal, for others to keep."""

    kind: str
    sequence: int
    hash: str


class TillClosed(Fact):
    """A day, month or year of a till was closed; the anchors leave the database with it."""

    TYPE: ClassVar[str] = "recharges.till.closed.v1"
    SAMPLE: ClassVar = {
        "closing_id": "0192f0a0-0000-7000-8000-000000000007",
        "till_id": "0192f0a0-0000-7000-8000-000000000003",
        "period": "day",
        "period_on": "2026-11-21",
        "closing_no": 1,
        "from_sequence": 1,
        "until_sequence": 3,
        "real_cents": 500,
        "absolute_cents": 500,
        "perpetual_real_cents": 500,
        "perpetual_absolute_cents": 500,
        "anchors": [{"kind": "ticket", "sequence": 2, "hash": "5f" * 32}],
    }

    closing_id: UUID
    till_id: UUID
    period: str
    period_on: date
    closing_no: int
    from_sequence: int
    until_sequence: int
    real_cents: int
    absolute_cents: int
    perpetual_real_cents: int
    perpetual_absolute_cents: int
    anchors: list[Anchor]


class StockLow(Fact):
    """A site's vouchers of an offer run out, or run out of time: told once per crossing."""

    TYPE: ClassVar[str] = "recharges.stock.low.v1"
    SAMPLE: ClassVar = {
        "site_code": "saint-denis",
        "offer_code": "sfr-15",
        "kind": "cover",
        "use_by": None,
        "vouchers": 12,
    }

    site_code: str
    offer_code: str
    #: "cover", "use_by_60", "use_by_30" or "use_by_7".
    kind: str
    use_by: date | None
    vouchers: int


class SiteOpened(Heard):
    """What we read of `accounts.site.opened.v1`."""

    TYPE: ClassVar[str] = "accounts.site.opened.v1"

    site_code: str
    name: str
    address: str = ""


class DeviceEnrolled(Heard):
    """What we read of `accounts.device.enrolled.v1`."""

    TYPE: ClassVar[str] = "accounts.device.enrolled.v1"

    device_id: UUID
    till_id: UUID
    site_code: str
    till_name: str


class DeviceRevoked(Heard):
    """What we read of `accounts.device.revoked.v1`."""

    TYPE: ClassVar[str] = "accounts.device.revoked.v1"

    device_id: UUID
    till_id: UUID
    site_code: str


class EntitlementTold(Heard):
    """What we read of a person's entitlement, opened or renewed; `until` is exclusive."""

    TYPE: ClassVar[str] = "referrals.entitlement.opened.v1"

    person_ref: UUID
    from_on: date = Field(alias="from")
    until_on: date = Field(alias="until")
    monthly_cap_cents: int = Field(ge=0)
