"""`relais mediation ...`: what changes twice a year, from a command line."""

import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from chassis import settings, texts
from chassis.db import opened
from kernel.refusal import Refusal
from services.mediation import store
from services.mediation.domain.late_interest import next_rate

app = typer.Typer(help="Mediation: the legal rates of interest.")


@app.callback()
def _group() -> None:
    """Mediation: the legal rates of interest."""


@app.command("set-rate")
def set_rate(
    from_on: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day of the half-year."),
    ],
    percent: Annotated[str, typer.Option(help="The rate of all other cases, as in 2.62.")],
    source: Annotated[str, typer.Option(help="The order that publishes it.")],
) -> None:
    """Add the legal rate of interest of the next half-year; a rate is never changed."""
    try:
        figure = Decimal(percent.replace(",", "."))
    except InvalidOperation:
        raise typer.BadParameter("write a number, as in 2.62", param_hint="--percent") from None
    try:
        with (
            opened("mediation", settings=settings.current()) as database,
            database.transaction() as tx,
        ):
            rate = next_rate(
                store.list_rates(tx), from_on=from_on.date(), percent=figure, article=source
            )
            store.add_rate(tx, rate)
    except Refusal as refusal:
        sys.stderr.write(f"relais: {texts.explain(refusal, language='fr')}\n")
        raise typer.Exit(1) from refusal
    typer.echo(f"{rate.from_on} -> {rate.until_on}: {rate.figure} % ({rate.article})")
