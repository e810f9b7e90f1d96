"""`relais verify-archive FILE`: whether a till's archive is whole, from the file alone.

It asks no database and no network, and runs on any machine that has this software.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from chassis import texts
from services.recharges import signing
from services.recharges.domain import archive, verification
from services.recharges.domain.findings import Finding
from services.recharges.domain.verification import Anchor, Report

BROKEN = 1
UNREADABLE = 2
#: No record is anywhere near as long; a longer line is no archive's.
LINE_BYTES_MAX = 1 << 20

app = typer.Typer(help="Check the archive of a till's journal.")


@app.command()
def verify_archive(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="KIND:SEQUENCE:HASH as a Z has it printed; at least 16 digits of it."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="ID:PUBLIC, a key known from elsewhere; then no other is believed."),
    ] = None,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
) -> None:
    """Check every record, signature, window and total of an archive, without database or network.

    The exit code is 0 when it is whole, with reserves or without, 1 when it is broken, 2 when it
    cannot be read or an option is none.
    """
    anchors, keys = _anchors(anchor or []), _keys(key or [])
    try:
        with file.open("rb") as opened:
            report = verification.verify(
                _lines(opened), is_signed=signing.is_signed, anchors=anchors, trusted_keys=keys
            )
    except (archive.Unreadable, OSError) as error:
        reason = texts.translate(str(error), language=language, service="recharges")
        words = texts.say(
            "The file cannot be read as an archive: {reason}.",
            {"reason": reason},
            language=language,
            service="recharges",
        )
        typer.echo(f"relais: {words}", err=True)
        raise typer.Exit(UNREADABLE) from None
    for sentence in _sentences(report, language=language):
        typer.echo(sentence)
    if not report.is_whole:
        raise typer.Exit(BROKEN)


def _lines(opened: BinaryIO) -> Iterator[bytes]:
    while line := opened.readline(LINE_BYTES_MAX):
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            raise archive.Unreadable("it has a line that is longer than any of an archive")
        yield line


def _anchors(written: list[str]) -> list[Anchor]:
    try:
        return [Anchor.parse(each) for each in written]
    except ValueError as error:
        raise typer.BadParameter(f"an anchor is KIND:SEQUENCE:HASH ({error})") from None


def _keys(written: list[str]) -> dict[str, bytes] | None:
    try:
        parts = [each.partition(":") for each in written]
        return {key_id: signing.raw(public) for key_id, _, public in parts} or None
    except ValueError as error:
        raise typer.BadParameter(f"a key is ID:PUBLIC ({error})") from None


def _sentences(report: Report, *, language: str) -> Iterator[str]:
    def say(sentence: str, **values: object) -> str:
        return texts.say(sentence, values, language=language, service="recharges")

    header = report.header
    yield say(
        "Journal of till {till} at {site}, period {period}, written {written_at}.",
        till=header.till_id,
        site=header.site_code,
        period=header.period,
        written_at=header.written_at.isoformat(timespec="seconds"),
    )
    for kind, count in report.record_counts.items():
        span = header.spans[kind]
        hash_ = span.last_hash.hex() or "-"
        yield f"  {kind.value:<12} {count:>8}  {span.first}..{span.last}  {hash_}"
    for key_id, public_key in report.keys.items():
        yield say(
            "Key {key_id}, fingerprint {fingerprint}.",
            key_id=key_id,
            fingerprint=archive.fingerprint(public_key),
        )
    if report.open_count:
        yield say("Tickets that no closing has closed yet: {count}.", count=report.open_count)
    for reserve in report.reserves:
        yield say("Reserve: {what}", what=say(reserve.what, **reserve.values))
    for finding in report.findings:
        yield _finding(finding, language=language)
    if report.is_whole and report.reserves:
        yield say(
            "WHOLE, WITH {count:RESERVE|RESERVES}: nothing that was checked was changed, removed, "
            "added or moved.",
            count=len(report.reserves),
        )
    elif report.is_whole:
        yield say("WHOLE: nothing was changed, removed, added or moved.")
    else:
        yield say(
            "BROKEN. Findings: {count}; shown here: {shown}.",
            count=report.finding_count,
            shown=len(report.findings),
        )


def _finding(finding: Finding, *, language: str) -> str:
    what = texts.say(finding.what, finding.values, language=language, service="recharges")
    named = f"{finding.kind.value} {finding.sequence}: " if finding.kind is not None else ""
    line = f"{finding.line}: " if finding.line is not None else ""
    return f"{line}{named}{what}"
