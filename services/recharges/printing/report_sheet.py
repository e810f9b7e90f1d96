"""Says a drawer report, X or Z, and the closing of a period, in a language."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from services.recharges.domain.journal import EXEMPT, Period
from services.recharges.domain.report import (
    Anchor,
    ClosingReport,
    Denomination,
    DrawerReport,
    Handover,
    LateTickets,
    Place,
    ReportKind,
    TicketWindow,
)
from services.recharges.domain.ticket import Seller
from services.recharges.printing.sheet import (
    Banner,
    Block,
    Row,
    Sheet,
    Table,
    Voice,
    copy_banner,
    plain,
    seller_lines,
)

_TITLES = {
    Period.DAY: "Closing of a day, no. {closing_no}",
    Period.MONTH: "Closing of a month, no. {closing_no}",
    Period.YEAR: "Closing of a year, no. {closing_no}",
}
_TENDERS = {"cash": "In cash", "card": "By card"}


def compose(report: DrawerReport | ClosingReport, *, seller: Seller, language: str) -> Sheet:
    """Say an X, a Z or the closing of a period."""
    voice = Voice(language)
    if isinstance(report, ClosingReport):
        title = voice.say(_TITLES[report.period], closing_no=report.closing_no)
        return _sheet(report.place, seller, title, _closing_blocks(report, voice), voice)
    is_z = report.kind is ReportKind.Z
    title = voice.say(
        "Z report no. {report_no}" if is_z else "X report", report_no=report.report_no
    )
    return _sheet(report.place, seller, title, _drawer_blocks(report, voice), voice)


def _sheet(
    place: Place, seller: Seller, title: str, blocks: Iterable[Block], voice: Voice
) -> Sheet:
    return Sheet(
        language=voice.language,
        place=plain(place.site_name),
        seller=seller_lines(seller, address=place.site_address),
        desk=plain(place.till_name),
        title=title,
        stamp=voice.instant(place.printed_at),
        blocks=(*_banners(place, voice), *blocks, _foot(place, voice)),
    )


def _banners(place: Place, voice: Voice) -> Iterable[Banner]:
    if place.reprint:
        yield copy_banner(place.reprint, voice)
    if place.is_shown:
        yield Banner(text=voice.say("DUPLICATE"), detail=voice.say("To be looked at"))


def _drawer_blocks(report: DrawerReport, voice: Voice) -> Iterable[Block]:
    yield _session(report, voice)
    yield _cash_count(voice.say("Float"), report.opening, voice)
    yield _drawer(report, voice)
    yield from _handovers(report.handovers, voice)
    yield from _counted(report, voice)
    yield from _approval(report, voice)
    if report.takings is not None:
        takings = report.takings
        total = takings.cash_sales_cents + takings.card_sales_cents
        yield _amounts("Takings", {"Total sales (cash and card)": total}, voice)
        said = {"Card sales": takings.card_sales_cents, "Card refunds": -takings.card_refunds_cents}
        yield _amounts("Card", said, voice)
        yield _perpetual(takings.perpetual_real_cents, takings.perpetual_absolute_cents, voice)
    yield from _late(report.late, voice)
    yield from _anchors(report.anchors, voice)


def _closing_blocks(report: ClosingReport, voice: Voice) -> Iterable[Block]:
    period = {
        Period.DAY: voice.day(report.period_on),
        Period.MONTH: voice.month(report.period_on),
        Period.YEAR: str(report.period_on.year),
    }
    by = report.closed_by_code
    yield Table(
        heading=voice.say("Closing"),
        rows=(
            Row(label=voice.say("Period"), value=period[report.period]),
            Row(label=voice.say("Closed"), value=voice.instant(report.closed_at)),
            Row(
                label=voice.say("Closed by"),
                value=voice.say("the clock") if by is None else _agent(by, voice),
            ),
            Row(label=voice.say("Printed by"), value=_agent(report.place.printed_by_code, voice)),
            Row(label=voice.say("Tickets"), value=_numbers(report.window, voice)),
            Row(label=voice.say("Number of sales"), value=str(report.sale_count)),
            Row(label=voice.say("Number of refunds"), value=str(report.refund_count)),
        ),
    )
    said = {
        "Sales": report.sold_cents,
        "Refunds": -report.refunded_cents,
        "Total": report.real_cents,
    }
    yield _amounts("Takings", said, voice)
    tenders = {_TENDERS.get(tender, tender): cents for tender, cents in report.by_tender}
    if tenders:
        yield _amounts("Means of payment", tenders, voice)
    yield from _vat(report, voice)
    yield _perpetual(report.perpetual_real_cents, report.perpetual_absolute_cents, voice)
    yield from _late(report.late, voice)
    yield from _anchors(report.anchors, voice)


def _agent(code: str, voice: Voice) -> str:
    """Name a member of staff by what stands for them on paper."""
    return voice.say("staff member {code}", code=plain(code))


def _numbers(window: TicketWindow | None, voice: Voice) -> str:
    if window is None:
        return voice.say("no ticket")
    return f"{window.from_ticket_no} – {window.until_ticket_no}"


def _session(report: DrawerReport, voice: Voice) -> Table:
    is_z = report.kind is ReportKind.Z
    tickets = _numbers(report.window, voice) if is_z else voice.say("said by the Z")
    return Table(
        heading=voice.say("Session"),
        rows=(
            Row(label=voice.say("Business day"), value=voice.day(report.business_date)),
            Row(label=voice.say("Opened"), value=voice.instant(report.opened_at)),
            Row(label=voice.say("Opened by"), value=_agent(report.opened_by_code, voice)),
            Row(label=voice.say("Held by"), value=_agent(report.held_by_code, voice)),
            Row(label=voice.say("Printed by"), value=_agent(report.place.printed_by_code, voice)),
            Row(label=voice.say("Tickets"), value=tickets),
        ),
    )


def _cash_count(heading: str, cash: Iterable[Denomination], voice: Voice) -> Table:
    cash = tuple(cash)
    rows = [
        Row(
            label=f"{each.count} × {voice.amount(each.value_cents)}",
            value=voice.amount(each.total_cents),
        )
        for each in cash
    ]
    total = voice.amount(sum(each.total_cents for each in cash))
    rows.append(Row(label=voice.say("Total"), value=total, strong=True))
    return Table(heading=heading, rows=tuple(rows))


def _drawer(report: DrawerReport, voice: Voice) -> Table:
    rows: list[Row] = []
    if report.takings:
        sales, refunds = report.takings.cash_sales_cents, report.takings.cash_refunds_cents
        rows += [
            Row(label=voice.say("Cash sales"), value=voice.amount(sales)),
            Row(label=voice.say("Cash refunds"), value=voice.amount(-refunds)),
        ]
    for movement in report.movements:
        way = "Put in: {reason}" if movement.amount_cents >= 0 else "Taken out: {reason}"
        detail = f"{voice.instant(movement.recorded_at)}, {_agent(movement.by_code, voice)}"
        rows.append(
            Row(
                label=voice.say(way, reason=plain(movement.reason)),
                detail=detail,
                value=voice.amount(movement.amount_cents),
            )
        )
    if report.expected_cents is None:
        hidden = voice.say("The expected amount is hidden until the count")
        rows.append(Row(label=hidden, value=""))
    else:
        expected = voice.amount(report.expected_cents)
        rows.append(Row(label=voice.say("Expected in the drawer"), value=expected, strong=True))
    return Table(heading=voice.say("Drawer"), rows=tuple(rows))


def _handovers(handovers: Iterable[Handover], voice: Voice) -> Iterable[Table]:
    rows: list[Row] = []
    for each in handovers:
        detail = voice.instant(each.at)
        if each.by_code is not None:
            by = voice.say("by a supervisor, {who}", who=_agent(each.by_code, voice))
            detail = f"{detail}, {by}"
        way = voice.say(
            "From {giver} to {taker}",
            giver=_agent(each.from_code, voice),
            taker=_agent(each.to_code, voice),
        )
        rows.append(Row(label=way, detail=detail, value=voice.amount(each.counted_cents)))
        if each.gap_cents is not None:
            rows.append(Row(label=voice.say("Gap"), value=voice.amount(each.gap_cents)))
    if rows:
        yield Table(heading=voice.say("Handovers, as they were counted"), rows=tuple(rows))


def _counted(report: DrawerReport, voice: Voice) -> Iterable[Table]:
    if report.counted is None or report.gap_cents is None:
        return
    counted = _cash_count(voice.say("Counted"), report.counted, voice)
    rows = [Row(label=voice.say("Gap"), value=voice.amount(report.gap_cents), strong=True)]
    if report.counted_by_code is not None:
        who = _agent(report.counted_by_code, voice)
        rows.append(Row(label=voice.say("Counted by"), value=who))
    if report.counted_at is not None:
        rows.append(Row(label=voice.say("Counted at"), value=voice.instant(report.counted_at)))
    yield replace(counted, rows=(*counted.rows, *rows))


def _approval(report: DrawerReport, voice: Voice) -> Iterable[Table]:
    if report.approval is None:
        return
    reason = voice.say("Reason: {reason}", reason=plain(report.approval.reason))
    rows = [
        Row(label=voice.say("Approved by"), value=_agent(report.approval.by_code, voice)),
        Row(label=reason, value=""),
    ]
    if report.approval.at is not None:
        rows.append(Row(label=voice.say("Approved at"), value=voice.instant(report.approval.at)))
    yield Table(heading=voice.say("Approval of the gap"), rows=tuple(rows))


def _amounts(heading: str, said: Mapping[str, int], voice: Voice) -> Table:
    return Table(
        heading=voice.say(heading),
        rows=tuple(
            Row(label=voice.say(label), value=voice.amount(cents)) for label, cents in said.items()
        ),
    )


def _perpetual(real_cents: int, absolute_cents: int, voice: Voice) -> Table:
    said = {
        "Real (sales less refunds)": real_cents,
        "Absolute (sales plus refunds)": absolute_cents,
    }
    return _amounts("Perpetual totals", said, voice)


def _vat(report: ClosingReport, voice: Voice) -> Iterable[Table]:
    rows: list[Row] = []
    for share in report.vat:
        if share.rate == EXEMPT:
            label = voice.say("VAT: exempt, CGI art. 261-7-1° b")
            rows.append(Row(label=label, value=voice.amount(share.net_cents)))
        else:
            rate, net = voice.percent(share.rate), voice.amount(share.net_cents)
            label = voice.say("VAT {rate} on {net}", rate=rate, net=net)
            rows.append(Row(label=label, value=voice.amount(share.tax_cents)))
    if rows:
        yield Table(heading=voice.say("VAT"), rows=tuple(rows))


def _late(late: Iterable[LateTickets], voice: Voice) -> Iterable[Table]:
    rows = tuple(
        Row(
            label=voice.day(each.business_date),
            detail=voice.say("Tickets: {count}", count=each.count),
            value=voice.amount(each.total_cents),
        )
        for each in late
    )
    if rows:
        yield Table(heading=voice.say("Late offline tickets"), rows=rows)


def _anchors(anchors: Iterable[Anchor], voice: Voice) -> Iterable[Table]:
    rows = tuple(
        Row(
            label=voice.say(
                "{kind} no. {sequence}",
                kind=voice.translate(anchor.kind.replace("_", " ")),
                sequence=anchor.sequence,
            ),
            value=anchor.hash_start,
        )
        for anchor in anchors
    )
    if rows:
        yield Table(heading=voice.say("Anchors of the journal"), rows=rows)


def _foot(place: Place, voice: Voice) -> Table:
    software = Row(label=voice.say("Software"), value=plain(place.software_version))
    return Table(heading="", rows=(software,), small=True)
