"""`relais recharges ...`: what is done to the stock from a command line."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chassis import clock, texts
from chassis.db import opened
from chassis.ids import new_id
from kernel.refusal import Refusal
from services.recharges import events, intake, settings
from services.recharges.domain.archive import Header
from services.recharges.handlers import archiving
from services.recharges.handlers.journalling import Pen
from services.recharges.seal import PinSeal
from services.recharges.signing import JournalKeys


class FileThere(Refusal):
    """There is a file {file} already. Say --force to write over it."""

    code = "recharges.archive.file_there"


app = typer.Typer(help="Recharges: voucher stock, and the archives of tills.")
_STEPS = {"read": "Reading and checking", "seal": "Sealing PINs", "store": "Storing"}


@app.callback()
def _group() -> None:
    """Recharges: voucher stock, and the archives of tills."""


@app.command("import-vouchers")
def import_vouchers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    operator: Annotated[str, typer.Option(help="The operator's code, such as sfr.")],
    batch: Annotated[str, typer.Option(help="The batch, as the delivery note names it.")],
    site: Annotated[str, typer.Option(help="The site that receives the vouchers.")],
    count: Annotated[int | None, typer.Option(help="Control total: vouchers.")] = None,
    face_value_cents: Annotated[
        int | None, typer.Option(help="Control total: sum of the face values, in cents.")
    ] = None,
    received_by: Annotated[
        UUID | None,
        typer.Option(
            help="The user who received them; another one releases them, where that is the rule."
        ),
    ] = None,
) -> None:
    """Import an operator's voucher delivery, all of it or nothing."""
    language = texts.language_of(None)
    try:
        fact, waits = _import(
            file.read_bytes(),
            operator=operator,
            batch=batch,
            site=site,
            count=count,
            face_value_cents=face_value_cents,
            received_by=received_by,
            language=language,
        )
    except Refusal as refusal:
        sys.stderr.write(f"relais: {texts.explain(refusal, language=language)}\n")
        raise typer.Exit(1) from refusal
    sentence = texts.translate(
        "{vouchers} vouchers received for {site_code}, worth {worth}.",
        language=language,
        service="recharges",
    )
    typer.echo(
        sentence.format(
            vouchers=fact.vouchers,
            site_code=fact.site_code,
            worth=texts.amount(fact.face_value_cents, language=language),
        )
    )
    what_next = "They wait for release by a second person." if waits else "They are on sale now."
    typer.echo(texts.translate(what_next, language=language, service="recharges"))


def _import(
    content: bytes,
    *,
    operator: str,
    batch: str,
    site: str,
    count: int | None,
    face_value_cents: int | None,
    received_by: UUID | None,
    language: str,
) -> tuple[events.BatchReceived, bool]:
    current = settings.of_pins()
    bars = _bars()
    with opened("recharges", settings=current) as database, bars, database.transaction() as tx:
        # A million vouchers take their time, and another import before this one as well.
        tx.execute("SET LOCAL statement_timeout = 0")
        tx.execute("SET LOCAL lock_timeout = 0")
        tx.execute("SET LOCAL idle_in_transaction_session_timeout = '10min'")
        tasks = {
            step: bars.add_task(
                texts.translate(words, language=language, service="recharges"), total=None
            )
            for step, words in _STEPS.items()
        }
        fact = intake.receive_batch(
            tx,
            content,
            operator=operator,
            batch_code=batch,
            site_code=site,
            count=count,
            face_value_cents=face_value_cents,
            pins=PinSeal(current.relais_pin_keys.get_secret_value()),
            new_id=new_id,
            now=clock.now(),
            received_by=received_by,
            progress=lambda step, done, total: bars.update(
                tasks[step], completed=done, total=total
            ),
        )
        return fact, intake.waits_for_release(tx, fact.batch_id)


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@app.command("export-archive")
def export_archive(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write.")],
    till: Annotated[UUID, typer.Option(help="The till's id.")],
    year: Annotated[
        int | None, typer.Option(min=2000, max=9999, help="Without it: the whole life.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Write over a file that is there.")] = False,
) -> None:
    """Write the fiscal archive of a till; `relais verify-archive` checks it anywhere."""
    language = texts.language_of(None)
    try:
        if out.exists() and not force:
            raise FileThere(file=out.name)
        header, sha256 = _export(out, till_id=till, year=year, language=language)
    except Refusal as refusal:
        sys.stderr.write(f"relais: {texts.explain(refusal, language=language)}\n")
        raise typer.Exit(1) from refusal
    sentence = texts.translate(
        "{count} records of period {period} written; SHA-256 {sha256}.",
        language=language,
        service="recharges",
    )
    count = sum(span.count for span in header.spans.values())
    typer.echo(sentence.format(count=count, period=header.period, sha256=sha256.hex()))


def _export(out: Path, *, till_id: UUID, year: int | None, language: str) -> tuple[Header, bytes]:
    current = settings.of_journal()
    keys = JournalKeys(current.relais_journal_keys.get_secret_value())
    pen = Pen(keys=keys, new_id=new_id, now=clock.now(), by=None)
    with opened("recharges", settings=current) as database:
        with database.transaction() as tx:
            header = archiving.plan(tx, till_id, year=year, pen=pen)
        count = sum(span.count for span in header.spans.values())
        words = texts.translate("Writing", language=language, service="recharges")
        with _bars() as bars, _beside(out) as written, database.transaction() as tx:
            task = bars.add_task(words, total=count)
            with written.open("wb") as file:
                sha256 = archiving.export(
                    tx,
                    header,
                    file,
                    pen=pen,
                    progress=lambda done: bars.update(task, completed=done),
                )
                file.flush()
                os.fsync(file.fileno())
    return header, sha256


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Give a file beside `out` that takes its place at the end, or is removed."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    os.close(handle)
    written = Path(name)
    try:
        yield written
        written.replace(out)
    finally:
        with suppress(FileNotFoundError):
            written.unlink()
