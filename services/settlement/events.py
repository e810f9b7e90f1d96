"""The few fields that settlement reads of the facts of others."""

from datetime import date, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chassis.facts import Heard
from services.settlement.domain.anchor import Anchor

Operator = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
SiteCode = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Cents = Annotated[int, Field(ge=0)]
OfferCode = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Count = Annotated[int, Field(gt=0)]


class OfferReceived(BaseModel):
    """The vouchers of one offer in a batch; the face value is of all of them."""

    offer_code: OfferCode
    count: Count
    face_value_cents: Cents


class BatchReceived(Heard):
    """An operator gave vouchers to a site."""

    TYPE: ClassVar[str] = "recharges.batch.received.v1"

    batch_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    operator: Operator
    site_code: SiteCode
    vouchers: Count
    face_value_cents: Cents
    offers: Annotated[list[OfferReceived], Field(min_length=1)]


class SaleLine(BaseModel):
    """One offer of a sale; amounts are those of one voucher."""

    offer_code: OfferCode
    operator: Operator
    quantity: Count
    price_cents: Cents
    face_value_cents: Cents


class SaleCompleted(Heard):
    """A recharge was sold."""

    TYPE: ClassVar[str] = "recharges.sale.completed.v1"

    sale_id: UUID
    business_date: date
    tender: str
    total_cents: Cents
    lines: Annotated[list[SaleLine], Field(min_length=1)]


class SaleRefunded(Heard):
    """The money of a sale was given back; amounts are above zero, as in the sale."""

    TYPE: ClassVar[str] = "recharges.sale.refunded.v1"

    refund_id: UUID
    business_date: date
    tender: str
    total_cents: Cents
    #: Where the vouchers went: `returned` to stock, or `refunded_by_operator`.
    vouchers: str
    lines: Annotated[list[SaleLine], Field(min_length=1)]


class OfferMoved(BaseModel):
    """The vouchers of one offer that moved; the face value is of all of them."""

    offer_code: OfferCode
    operator: Operator
    count: Count
    face_value_cents: Cents


class VouchersMoved(Heard):
    """Vouchers left a site's shelf or came to it, other than by a delivery or a sale."""

    site_code: SiteCode
    vouchers: Cents
    face_value_cents: Cents
    offers: list[OfferMoved]


class TransferSent(VouchersMoved):
    """Vouchers are on their way to another site."""

    TYPE: ClassVar[str] = "recharges.transfer.sent.v1"

    transfer_id: UUID


class TransferReceived(VouchersMoved):
    """What arrived of them was counted in at the other site."""

    TYPE: ClassVar[str] = "recharges.transfer.received.v1"

    transfer_id: UUID


class TransferCancelled(VouchersMoved):
    """They came back to the site that had sent them."""

    TYPE: ClassVar[str] = "recharges.transfer.cancelled.v1"

    transfer_id: UUID


class VouchersWrittenOff(VouchersMoved):
    """Vouchers are lost, damaged, expired, or did not arrive."""

    TYPE: ClassVar[str] = "recharges.voucher.written_off.v1"

    change_id: UUID
    cause: str


class VouchersFound(VouchersMoved):
    """Vouchers that were lost are there again."""

    TYPE: ClassVar[str] = "recharges.voucher.found.v1"

    change_id: UUID


class TillOpened(Heard):
    """A drawer was opened with a float; without one where a sale opened it."""

    TYPE: ClassVar[str] = "recharges.till.opened.v1"

    drawer_session_id: UUID
    business_date: date
    float_cents: Cents


class CashMoved(Heard):
    """Cash was put into a drawer, or taken out: below zero."""

    TYPE: ClassVar[str] = "recharges.cash.moved.v1"

    cash_line_id: Annotated[int, Field(gt=0)]
    business_date: date
    purpose: str
    amount_cents: int


class DrawerClosed(Heard):
    """A drawer was counted and closed."""

    TYPE: ClassVar[str] = "recharges.drawer.closed.v1"

    drawer_session_id: UUID
    business_date: date
    expected_cents: int
    counted_cents: Cents
    gap_cents: int


class AnchorTold(BaseModel):
    """The last record of one chain, its SHA-256 in hexadecimal; a chain without any is at 0."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    sequence: Cents
    hash: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]


class TillClosed(Heard):
    """A till closed a day, a month or a year, and says where its chains end."""

    TYPE: ClassVar[str] = "recharges.till.closed.v1"

    closing_id: UUID
    till_id: UUID
    anchors: list[AnchorTold]

    def all_anchors(self, *, told_at: datetime) -> list[Anchor]:
        """Return the anchors as they are kept: an empty chain has none."""
        return [
            Anchor(
                till_id=self.till_id,
                kind=each.kind,
                sequence=each.sequence,
                hash=bytes.fromhex(each.hash),
                closing_id=self.closing_id,
                told_at=told_at,
            )
            for each in self.anchors
            if each.sequence > 0
        ]


class OptionReported(Heard):
    """An operator reported a month of the 1 euro option; what was reversed is below zero."""

    TYPE: ClassVar[str] = "donations.option.reported.v1"

    report_id: UUID
    operator: Operator
    period: str
    lines: Cents
    billed_cents: Cents
    reversed_cents: Annotated[int, Field(le=0)]
    adjusted_cents: int
    total_cents: int


class DeviceSold(Heard):
    """A refurbished device was sold."""

    TYPE: ClassVar[str] = "equipment.device.sold.v1"

    sale_id: UUID
    site_code: SiteCode
    price_cents: Cents
    tender: str
    business_date: date
