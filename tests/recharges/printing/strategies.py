"""Any ticket and any drawer report."""

from datetime import UTC, date
from typing import Any

from hypothesis import strategies as st

from kernel.money import Cents
from kernel.period import Month
from services.recharges.domain.report import (
    Anchor,
    Approval,
    Denomination,
    DrawerMovement,
    DrawerReport,
    Handover,
    LateTickets,
    Takings,
)
from services.recharges.domain.ticket import (
    CapLeft,
    RefundOf,
    Reprint,
    Tender,
    Ticket,
    VatShare,
)
from tests.recharges.printing import papers

#: Words without digits, so that every figure on a print is one we expect there.
words = st.text("abcdefghijlmnoprstuvzéèàùçêôœ’ ", min_size=1, max_size=70).map(str.strip)
#: Words meant to do harm, or simply from elsewhere.
hostile = st.text(min_size=1, max_size=120)
cents = st.integers(0, 99_999_99).map(Cents)
signed_cents = st.integers(-99_999_99, 99_999_99).map(Cents)
days = st.dates(date(2026, 1, 1), date(2031, 12, 31))
instants = st.datetimes(timezones=st.just(UTC)).filter(lambda instant: 1900 < instant.year < 9999)
serials = st.text("ABCDEFGHJKLMNPRSTUVWXYZ", min_size=12, max_size=40)
codes = st.text("ABCDEFGHJKLM", min_size=2, max_size=8)
pins = st.from_regex(r"[0-9]{14}|Q[A-Z0-9]{5,31}", fullmatch=True)


@st.composite
def vouchers(draw: st.DrawFn, *, texts: Any = words) -> Any:
    return papers.voucher(
        offer_label=draw(texts),
        operator_name=draw(texts),
        serial=draw(serials),
        pin=draw(pins),
        face_value_cents=draw(cents),
        data_mb=draw(st.none() | st.integers(1, 99_999)),
        use_by_on=draw(days),
    )


def _unmistakable(found: list[Any]) -> bool:
    """No serial or PIN is part of another, so that counting them means something."""
    marks = [each.serial for each in found] + [each.pin for each in found]
    return all(a not in b for i, a in enumerate(marks) for j, b in enumerate(marks) if i != j)


@st.composite
def tickets(draw: st.DrawFn, *, texts: Any = words) -> Ticket:
    refund = draw(st.booleans())
    sign = -1 if refund else 1
    rates = draw(st.lists(st.sampled_from(["exempt", "20", "5.5"]), min_size=1, max_size=4))
    lines = tuple(
        papers.line(
            label=draw(texts),
            quantity=sign * draw(st.integers(1, 20)),
            unit_price_cents=draw(cents),
            vat_rate=rate,
        )
        for rate in rates
    )
    taxed = sorted({rate for rate in rates if rate != "exempt"})
    of_line = st.builds(RefundOf, ticket_no=st.integers(1, 99_999), reason=texts)
    cash = not refund and draw(st.booleans())
    return papers.sale(
        site_name=draw(texts),
        till_name=draw(texts),
        ticket_no=draw(st.integers(1, 999_999)),
        recorded_at=draw(instants),
        business_date=draw(days),
        lines=lines,
        vat=tuple(
            VatShare(rate=rate, net_cents=draw(cents), tax_cents=draw(cents)) for rate in taxed
        ),
        tender=Tender.CASH if cash else draw(st.sampled_from(Tender)),
        tendered_cents=draw(cents) if cash else None,
        cap_left=draw(st.none() | st.builds(CapLeft, month=days.map(Month.of), left_cents=cents)),
        vouchers=tuple(draw(st.lists(vouchers(texts=texts), max_size=3).filter(_unmistakable))),
        received_at=draw(st.none() | instants),
        reprint=draw(st.none() | st.builds(Reprint, number=st.integers(1, 99), reason=texts)),
        refund_of=draw(of_line) if refund else None,
    )


counts = st.lists(
    st.builds(
        Denomination,
        value_cents=st.sampled_from([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000]).map(Cents),
        count=st.integers(0, 500),
    ),
    max_size=6,
).map(tuple)


@st.composite
def closings(draw: st.DrawFn, *, texts: Any = words) -> DrawerReport:
    movement = st.builds(
        DrawerMovement,
        amount_cents=signed_cents,
        reason=texts,
        recorded_at=instants,
        by_code=codes,
    )
    handover = st.builds(
        Handover,
        at=instants,
        from_code=codes,
        to_code=codes,
        by_code=st.none() | codes,
        counted_cents=cents,
        expected_cents=cents,
    )
    approval = st.builds(Approval, by_code=codes, reason=texts, at=st.none() | instants)
    hashes = st.text("0123456789abcdef", min_size=16, max_size=16)
    anchor = st.builds(
        Anchor,
        kind=st.sampled_from(["ticket", "duplicate", "event", "archive", "grand_total"]),
        sequence=st.integers(0, 999_999),
        hash_start=hashes,
    )
    late = st.builds(
        LateTickets, business_date=days, count=st.integers(1, 99), total_cents=signed_cents
    )
    takings = st.builds(
        Takings,
        cash_sales_cents=cents,
        cash_refunds_cents=cents,
        card_sales_cents=cents,
        card_refunds_cents=cents,
        perpetual_real_cents=signed_cents,
        perpetual_absolute_cents=cents,
    )
    return papers.closing(
        place=papers.place(site_name=draw(texts), till_name=draw(texts), printed_at=draw(instants)),
        opened_at=draw(instants),
        business_date=draw(days),
        opening=draw(counts),
        movements=tuple(draw(st.lists(movement, max_size=4))),
        handovers=tuple(draw(st.lists(handover, max_size=2))),
        approval=draw(st.none() | approval),
        takings=draw(takings),
        counted=draw(counts),
        anchors=tuple(draw(st.lists(anchor, max_size=5, unique_by=lambda a: a.hash_start))),
        late=tuple(draw(st.lists(late, max_size=3))),
    )
