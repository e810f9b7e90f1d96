"""`relais recharges ...`: what is done to the stock from a command line."""

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
import uuid_utils
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chassis import clock, texts
from chassis.db import Database
from kernel.refusal import Refusal
from services.recharges import events, intake, settings
from services.recharges.seal import PinSeal

app = typer.Typer(help="Recharges: voucher stock.")
_STEPS = {"read": "Reading and checking", "seal": "Sealing PINs", "store": "Storing"}


@app.callback()
def _group() -> None:
    """Recharges: voucher stock."""


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
        UUID | None, typer.Option(help="The user who received them; not who releases them.")
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
    database = Database(
        current.database_url.get_secret_value(), schema="recharges", settings=current
    )
    bars = Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    try:
        with bars, database.transaction() as tx:
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
                new_id=lambda: UUID(int=uuid_utils.uuid7().int),
                now=clock.now(),
                received_by=received_by,
                progress=lambda step, done, total: bars.update(
                    tasks[step], completed=done, total=total
                ),
            )
            return fact, intake.waits_for_release(tx, fact.batch_id)
    finally:
        database.close()
