"""`relais keys rotate`: a new key for every PIN at rest, while tills sell."""

import json
import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer
import uuid_utils
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chassis import clock
from chassis.db import opened
from deploy.local import environment
from deploy.local.home import Trouble
from kernel.refusal import Refusal
from services.recharges import settings
from services.recharges.handlers.keys import Turned, turn_keys
from services.recharges.seal import PinSeal

app = typer.Typer(help="The keys that seal PINs.")


@app.callback()
def _group() -> None:
    """The keys that seal PINs."""
    environment.take_on("recharges")


@app.command()
def rotate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Seal every PIN with a new key; killed in the middle, it goes on when it is run again.

    A new key of RELAIS_PIN_KEYS goes first in the list, the older ones stay behind it, and every
    process is started with that list before this is run; what it says at the end can be dropped.
    """
    started = time.perf_counter()
    try:
        turned = _turn()
    except Refusal as refusal:
        raise Trouble(str(refusal)) from refusal
    seconds = time.perf_counter() - started
    if as_json:
        found = asdict(turned) | {
            "seconds": round(seconds, 3),
            "rows_per_s": round(turned.resealed / seconds),
        }
        typer.echo(json.dumps(found, indent=2))
    else:
        for sentence in _sentences(turned, seconds=seconds):
            typer.echo(sentence)
    raise typer.Exit(1 if turned.left else 0)


def _turn() -> Turned:
    current = settings.of_pins()
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
    )
    with (
        opened("recharges", settings=current) as database,
        database.connect() as connection,
        bars,
    ):
        bar = bars.add_task("Sealing PINs anew", total=None)
        return turn_keys(
            connection,
            pins=PinSeal(current.relais_pin_keys.get_secret_value()),
            new_key_id=f"d{uuid_utils.uuid7().hex}",
            now=clock.now(),
            progress=lambda done, total: bars.update(bar, completed=done, total=total),
        )


def _sentences(turned: Turned, *, seconds: float) -> list[str]:
    begun = "went on with" if turned.continued else "made"
    found = [
        f"{turned.resealed} vouchers sealed anew in {seconds:.1f} s"
        f" ({turned.resealed / seconds:.0f} a second); {begun} the key {turned.key_id}."
    ]
    if turned.rewrapped:
        found.append(f"{turned.rewrapped} keys of before are wrapped anew.")
    if turned.left:
        found.append(f"{turned.left} vouchers are still under an older key: run this again.")
    else:
        found.append("No voucher is left under an older key.")
    if turned.continued:
        found.append("A turn that was cut short is now at its end: run this again for a new key.")
    if turned.droppable:
        found.append(
            f"Nothing needs {', '.join(turned.droppable)} any more: to be dropped from"
            " RELAIS_PIN_KEYS, except to read a backup of before."
        )
    return found
