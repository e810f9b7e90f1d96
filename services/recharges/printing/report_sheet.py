"""Says a drawer report, X or Z, in a language."""

from collections.abc import Iterable
from dataclasses import replace

from services.recharges.domain.ticket import Denomination, DrawerReport, ReportKind
from services.recharges.printing.sheet import Row, Sheet, Table, Voice, plain


def compose(report: DrawerReport, *, language: str) -> Sheet:
    """Say an X or a Z."""
    voice = Voice(language)
    closing = report.kind is ReportKind.Z
    title = "Z report no. {report_no}" if closing else "X report"
    return Sheet(
        language=language,
        place=plain(report.site_name),
        desk=plain(report.till_name),
        title=voice.say(title, report_no=report.report_no),
        stamp=voice.instant(report.printed_at),
        blocks=(
            _session(report, voice),
            _cash_count(voice.say("Float"), report.opening, voice),
            _drawer(report, voice),
            *_counted(report, voice),
            *_takings(report, voice),
            *_late(report, voice),
            *_foot(report, voice),
        ),
    )


def _session(report: DrawerReport, voice: Voice) -> Table:
    window = report.window
    numbers = f"{window.from_ticket_no} – {window.until_ticket_no}" if window else "–"
    return Table(
        heading=voice.say("Session"),
        rows=(
            Row(label=voice.say("Business day"), value=voice.day(report.business_date)),
            Row(label=voice.say("Opened"), value=voice.instant(report.opened_at)),
            Row(label=voice.say("Opened by"), value=plain(report.opened_by_code)),
            Row(label=voice.say("Printed by"), value=plain(report.printed_by_code)),
            Row(label=voice.say("Tickets"), value=numbers),
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
        rows += [
            Row(
                label=voice.say("Cash sales"),
                value=voice.amount(report.takings.cash_sales_cents),
            ),
            Row(
                label=voice.say("Cash refunds"),
                value=voice.amount(-report.takings.cash_refunds_cents),
            ),
        ]
    for movement in report.movements:
        way = "Put in: {reason}" if movement.amount_cents >= 0 else "Taken out: {reason}"
        rows.append(
            Row(
                label=voice.say(way, reason=plain(movement.reason)),
                detail=voice.instant(movement.recorded_at),
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


def _counted(report: DrawerReport, voice: Voice) -> Iterable[Table]:
    if report.counted is None or report.gap_cents is None:
        return
    counted = _cash_count(voice.say("Counted"), report.counted, voice)
    gap = Row(label=voice.say("Gap"), value=voice.amount(report.gap_cents), strong=True)
    yield replace(counted, rows=(*counted.rows, gap))


def _takings(report: DrawerReport, voice: Voice) -> Iterable[Table]:
    takings = report.takings
    if takings is None:
        return
    said = {
        "Card sales": takings.card_sales_cents,
        "Card refunds": -takings.card_refunds_cents,
    }
    yield Table(
        heading=voice.say("Card"),
        rows=tuple(
            Row(label=voice.say(label), value=voice.amount(cents)) for label, cents in said.items()
        ),
    )
    perpetual = {
        "Real (sales less refunds)": takings.perpetual_real_cents,
        "Absolute (sales plus refunds)": takings.perpetual_absolute_cents,
    }
    yield Table(
        heading=voice.say("Perpetual totals"),
        rows=tuple(
            Row(label=voice.say(label), value=voice.amount(cents))
            for label, cents in perpetual.items()
        ),
    )


def _late(report: DrawerReport, voice: Voice) -> Iterable[Table]:
    if report.late:
        rows = tuple(
            Row(
                label=voice.day(late.business_date),
                detail=voice.say("Tickets: {count}", count=late.count),
                value=voice.amount(late.total_cents),
            )
            for late in report.late
        )
        yield Table(heading=voice.say("Late offline tickets"), rows=rows)


def _foot(report: DrawerReport, voice: Voice) -> Iterable[Table]:
    if report.anchors:
        rows = tuple(
            Row(
                label=voice.say(
                    "{kind} no. {sequence}",
                    kind=voice.translate(anchor.kind.replace("_", " ")),
                    sequence=anchor.sequence,
                ),
                value=anchor.hash_start,
            )
            for anchor in report.anchors
        )
        yield Table(heading=voice.say("Anchors of the journal"), rows=rows)
    said = {"Site": plain(report.site_code), "Software": plain(report.software_version)}
    yield Table(
        heading="",
        rows=tuple(Row(label=voice.say(label), value=value) for label, value in said.items()),
        small=True,
    )
