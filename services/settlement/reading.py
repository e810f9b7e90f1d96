"""Facts of others in the ledger's words: what happened, where, and which day it counts for."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from kernel.envelope import Envelope
from kernel.period import Month, business_date
from services.settlement import events
from services.settlement.domain.account import NETWORK
from services.settlement.domain.posting import Amount, Figure, Kind, Named, Occurrence, Share


def batch_received(fact: Envelope) -> Occurrence:
    """Read a batch: it counts from the day it was received."""
    batch = events.BatchReceived.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.BATCH_RECEIVED,
        document=batch.batch_id,
        site_code=batch.site_code,
        booked_on=business_date(fact.time),
        shares=_shares(
            (batch.operator, _credit(each.offer_code, each.face_value_cents, each.count))
            for each in batch.offers
        ),
        total_cents=0,
        total_face_value_cents=batch.face_value_cents,
        total_count=batch.vouchers,
    )


def sale_completed(fact: Envelope) -> Occurrence:
    """Read a sale: its lines, summed for each operator."""
    sale = events.SaleCompleted.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.SALE_COMPLETED,
        document=str(sale.sale_id),
        site_code=fact.site,
        booked_on=sale.business_date,
        total_cents=sale.total_cents,
        names={Named.TENDERED: sale.tender},
        shares=_shares_of_lines(sale.lines),
    )


def sale_refunded(fact: Envelope) -> Occurrence:
    """Read a refund, which counts on the day the money went back."""
    refund = events.SaleRefunded.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.SALE_REFUNDED,
        document=str(refund.refund_id),
        site_code=fact.site,
        booked_on=refund.business_date,
        total_cents=-refund.total_cents,
        names={Named.TENDERED: refund.tender, Named.RETURNED: refund.vouchers},
        shares=_shares_of_lines(refund.lines, sign=-1),
    )


def transfer_sent(fact: Envelope) -> Occurrence:
    """Read what a site sent to another."""
    sent = events.TransferSent.hear(fact)
    return _moved(fact, sent, kind=Kind.TRANSFER_SENT, document=sent.transfer_id)


def transfer_received(fact: Envelope) -> Occurrence:
    """Read what arrived of it; what is missing is told as written off where it was sent."""
    arrived = events.TransferReceived.hear(fact)
    return _moved(fact, arrived, kind=Kind.TRANSFER_RECEIVED, document=arrived.transfer_id)


def transfer_cancelled(fact: Envelope) -> Occurrence:
    """Read what came back of it."""
    back = events.TransferCancelled.hear(fact)
    return _moved(fact, back, kind=Kind.TRANSFER_CANCELLED, document=back.transfer_id)


def vouchers_written_off(fact: Envelope) -> Occurrence:
    """Read vouchers that nobody can sell any more: where they were follows from the cause."""
    gone = events.VouchersWrittenOff.hear(fact)
    return _moved(
        fact,
        gone,
        kind=Kind.VOUCHER_WRITTEN_OFF,
        document=gone.change_id,
        names={Named.CAUSE: gone.cause, Named.LEFT: gone.cause},
    )


def vouchers_found(fact: Envelope) -> Occurrence:
    """Read vouchers that were lost and are there again."""
    found = events.VouchersFound.hear(fact)
    return _moved(fact, found, kind=Kind.VOUCHER_FOUND, document=found.change_id)


def till_opened(fact: Envelope) -> Occurrence:
    """Read the float of a drawer, which is of no operator."""
    opened = events.TillOpened.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.TILL_OPENED,
        document=str(opened.drawer_session_id),
        site_code=fact.site,
        booked_on=opened.business_date,
        total_cents=opened.float_cents,
        shares=[_of_network(Amount(figure=Figure.FLOAT, cents=opened.float_cents, item_count=1))],
    )


def cash_moved(fact: Envelope) -> Occurrence:
    """Read a movement of cash between a drawer and where its purpose says."""
    moved = events.CashMoved.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.CASH_MOVED,
        document=str(moved.cash_line_id),
        site_code=fact.site,
        booked_on=moved.business_date,
        total_cents=moved.amount_cents,
        names={Named.PURPOSE: moved.purpose},
        shares=[_of_network(Amount(figure=Figure.MOVED, cents=moved.amount_cents, item_count=1))],
    )


def drawer_closed(fact: Envelope) -> Occurrence:
    """Read the closing of a drawer: its gap, and that all that was counted leaves it."""
    closed = events.DrawerClosed.hear(fact)
    gap_cents = closed.counted_cents - closed.expected_cents
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.DRAWER_CLOSED,
        document=str(closed.drawer_session_id),
        site_code=fact.site,
        booked_on=closed.business_date,
        total_cents=closed.gap_cents - closed.counted_cents,
        shares=[
            _of_network(
                Amount(figure=Figure.GAP, cents=gap_cents, item_count=1),
                Amount(figure=Figure.LIFTED, cents=-closed.counted_cents),
            )
        ],
    )


def option_reported(fact: Envelope) -> Occurrence:
    """Read a report of the option: it counts on the last day of the month it is of."""
    report = events.OptionReported.hear(fact)
    share = Share(
        operator=report.operator,
        amounts=[
            Amount(figure=Figure.BILLED, cents=report.billed_cents, item_count=report.lines),
            Amount(figure=Figure.REVERSED, cents=report.reversed_cents),
            Amount(figure=Figure.ADJUSTED, cents=report.adjusted_cents),
        ],
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
    sold = events.DeviceSold.hear(fact)
    return Occurrence(
        fact_id=fact.id,
        kind=Kind.DEVICE_SOLD,
        document=str(sold.sale_id),
        site_code=sold.site_code,
        booked_on=sold.business_date,
        total_cents=sold.price_cents,
        names={Named.PAID_AT_SITE: sold.tender},
        shares=[_of_network(Amount(figure=Figure.PRICE, cents=sold.price_cents, item_count=1))],
    )


def _moved(
    fact: Envelope,
    told: events.VouchersMoved,
    *,
    kind: Kind,
    document: UUID,
    names: Mapping[Named, str] | None = None,
) -> Occurrence:
    """Say which vouchers left a shelf or came to it: it counts from the day they did."""
    return Occurrence(
        fact_id=fact.id,
        kind=kind,
        document=str(document),
        site_code=told.site_code,
        booked_on=business_date(fact.time),
        total_cents=0,
        total_face_value_cents=told.face_value_cents,
        total_count=told.vouchers,
        names=names or {},
        shares=_shares(
            (each.operator, _credit(each.offer_code, each.face_value_cents, each.count))
            for each in told.offers
        ),
    )


def _of_network(*amounts: Amount) -> Share:
    return Share(operator=NETWORK, amounts=amounts)


def _credit(offer_code: str, cents: int, count: int) -> Amount:
    return Amount(figure=Figure.FACE_VALUE, cents=cents, item_count=count, offer_code=offer_code)


def _shares(amounts: Iterable[tuple[str, Amount]]) -> list[Share]:
    """Give each operator its amounts, those of one kind and offer summed."""
    sums: dict[str, dict[tuple[Figure, str], Amount]] = {}
    for operator, amount in amounts:
        of_operator = sums.setdefault(operator, {})
        key = amount.figure, amount.offer_code
        known = of_operator.get(key)
        of_operator[key] = amount if known is None else known.plus(amount)
    return [
        Share(operator=operator, amounts=list(each.values())) for operator, each in sums.items()
    ]


def _shares_of_lines(lines: Iterable[events.SaleLine], *, sign: int = 1) -> list[Share]:
    """Sum lines for each operator; `sign` is below zero where the money goes back."""
    return _shares(
        (line.operator, amount)
        for line in lines
        for amount in (
            _credit(line.offer_code, line.quantity * line.face_value_cents, line.quantity),
            Amount(figure=Figure.PRICE, cents=sign * line.quantity * line.price_cents),
        )
    )
