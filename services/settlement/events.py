"""What settlement reads of the facts of others, in the ledger's words."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from chassis.facts import Heard
from kernel.envelope import Envelope
from kernel.period import Month, business_date
from services.settlement.domain.account import NETWORK
from services.settlement.domain.anchor import Anchor
from services.settlement.domain.posting import Figure, Kind, Named, Occurrence, Share

Operator = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
SiteCode = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Amount = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]


class OfferReceived(BaseModel):
    """The vouchers of one offer in a batch; the face value is of all of them."""

    count: Count
    face_value_cents: Amount


class BatchReceived(Heard):
    """An operator gave vouchers to a site."""

    TYPE: ClassVar[str] = "recharges.batch.received.v1"

    batch_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    operator: Operator
    site_code: SiteCode
    vouchers: Count
    face_value_cents: Amount
    offers: Annotated[list[OfferReceived], Field(min_length=1)]


class SaleLine(BaseModel):
    """One offer of a sale; amounts are those of one voucher."""

    operator: Operator
    quantity: Count
    price_cents: Amount
    face_value_cents: Amount


class SaleCompleted(Heard):
    """A recharge was sold."""

    TYPE: ClassVar[str] = "recharges.sale.completed.v1"

    sale_id: UUID
    business_date: date
    tender: str
    total_cents: Amount
    lines: Annotated[list[SaleLine], Field(min_length=1)]


class SaleRefunded(Heard):
    """The money of a sale was given back; amounts are above zero, as in the sale."""

    TYPE: ClassVar[str] = "recharges.sale.refunded.v1"

    refund_id: UUID
    business_date: date
    tender: str
    total_cents: Amount
    #: Where the vouchers went: `returned` to stock, or `refunded_by_operator`.
    vouchers: str
    lines: Annotated[list[SaleLine], Field(min_length=1)]


class DrawerClosed(Heard):
    """A drawer was counted and closed."""

    TYPE: ClassVar[str] = "recharges.drawer.closed.v1"

    drawer_session_id: UUID
    business_date: date
    expected_cents: int
    counted_cents: Amount
    gap_cents: int


class AnchorTold(BaseModel):
    """The last record of one chain, its SHA-256 in hexadecimal; a chain without any is at 0."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    sequence: Amount
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
    lines: Amount
    billed_cents: Amount
    reversed_cents: Annotated[int, Field(le=0)]
    adjusted_cents: int
    total_cents: int


class DeviceSold(Heard):
    """A refurbished device was sold."""

    TYPE: ClassVar[str] = "equipment.device.sold.v1"

    sale_id: UUID
    site_code: SiteCode
    price_cents: Amount
    tender: str
    business_date: date


def batch_received(fact: Envelope) -> Occurrence:
    """Read a batch: it counts from the day it was received."""
    batch = BatchReceived.hear(fact)
    share = Share(
        operator=batch.operator,
        figures={Figure.FACE_VALUE: sum(offer.face_value_cents for offer in batch.offers)},
        item_count=sum(offer.count for offer in batch.offers),
    )
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.BATCH_RECEIVED,
        document=batch.batch_id,
        site_code=batch.site_code,
        booked_on=business_date(fact.time),
        shares=[share],
        total_cents=0,
        total_face_value_cents=batch.face_value_cents,
        total_count=batch.vouchers,
    )


def sale_completed(fact: Envelope) -> Occurrence:
    """Read a sale: its lines, summed for each operator."""
    sale = SaleCompleted.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.SALE_COMPLETED,
        document=str(sale.sale_id),
        site_code=fact.site,
        booked_on=sale.business_date,
        total_cents=sale.total_cents,
        names={Named.TENDERED: sale.tender},
        shares=_shares(sale.lines),
    )


def sale_refunded(fact: Envelope) -> Occurrence:
    """Read a refund, which counts on the day the money went back."""
    refund = SaleRefunded.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.SALE_REFUNDED,
        document=str(refund.refund_id),
        site_code=fact.site,
        booked_on=refund.business_date,
        total_cents=-refund.total_cents,
        names={Named.TENDERED: refund.tender, Named.RETURNED: refund.vouchers},
        shares=_shares(refund.lines, sign=-1),
    )


def drawer_closed(fact: Envelope) -> Occurrence:
    """Read the closing of a drawer, which is of no operator."""
    closed = DrawerClosed.hear(fact)
    gap_cents = closed.counted_cents - closed.expected_cents
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.DRAWER_CLOSED,
        document=str(closed.drawer_session_id),
        site_code=fact.site,
        booked_on=closed.business_date,
        total_cents=closed.gap_cents,
        shares=[Share(operator=NETWORK, figures={Figure.GAP: gap_cents}, item_count=1)],
    )


def option_reported(fact: Envelope) -> Occurrence:
    """Read a report of the option: it counts on the last day of the month it is of."""
    report = OptionReported.hear(fact)
    share = Share(
        operator=report.operator,
        figures={
            Figure.BILLED: report.billed_cents,
            Figure.REVERSED: report.reversed_cents,
            Figure.ADJUSTED: report.adjusted_cents,
        },
        item_count=report.lines,
    )
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.OPTION_REPORTED,
        document=str(report.report_id),
        site_code=NETWORK,
        booked_on=Month.parse(report.period).next().first_on - timedelta(days=1),
        total_cents=report.total_cents,
        shares=[share],
    )


def device_sold(fact: Envelope) -> Occurrence:
    """Read the sale of a device, which is of no operator."""
    sold = DeviceSold.hear(fact)
    share = Share(operator=NETWORK, figures={Figure.PRICE: sold.price_cents}, item_count=1)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.DEVICE_SOLD,
        document=str(sold.sale_id),
        site_code=sold.site_code,
        booked_on=sold.business_date,
        total_cents=sold.price_cents,
        names={Named.TENDERED: sold.tender},
        shares=[share],
    )


def _shares(lines: Sequence[SaleLine], *, sign: int = 1) -> list[Share]:
    """Sum lines for each operator; `sign` is below zero where the money goes back."""
    sums: dict[str, list[int]] = {}
    for line in lines:
        each = sums.setdefault(line.operator, [0, 0, 0])
        each[0] += line.quantity * line.face_value_cents
        each[1] += line.quantity * line.price_cents
        each[2] += line.quantity
    return [
        Share(
            operator=operator,
            figures={Figure.FACE_VALUE: face_value_cents, Figure.PRICE: sign * price_cents},
            item_count=item_count,
        )
        for operator, (face_value_cents, price_cents, item_count) in sums.items()
    ]
