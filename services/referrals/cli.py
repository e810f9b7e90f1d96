"""`relais referrals ...`: the figures that change with the years, and erasures asked for again."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from chassis import clock, texts
from chassis.db import opened
from chassis.ids import new_id
from kernel.period import business_date
from kernel.refusal import Refusal
from services.referrals import settings
from services.referrals.domain import counting, retention, rule
from services.referrals.domain.erasure import Reason
from services.referrals.doors.rights import erasure_terms
from services.referrals.handlers import erasing
from services.referrals.store import erasures, network

app = typer.Typer(help="Referrals: dated rules, and erasures asked for again.")
NAMES = sorted({*rule.NAMES, *retention.NAMES, counting.LEAST})


@app.callback()
def _group() -> None:
    """Referrals: dated rules, and erasures asked for again."""


@app.command("rules")
def list_rules() -> None:
    """List every rule, with the days from and until which each value holds."""
    with opened("referrals", settings=settings.current()) as database, database.transaction() as tx:
        for row in network.list_all_rules(tx):
            until = "" if row["until_on"] is None else f" until the day before {row['until_on']}"
            typer.echo(f"{row['name']}: {row['value']} from {row['from_on']}{until}")


@app.command("set-rule")
def set_rule(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    value: Annotated[int, typer.Argument(help="A number; 0 is no and 1 is yes.")],
    from_on: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Today if left out.")
    ] = None,
) -> None:
    """Give a rule another value from a day on; what was decided before stays as it was."""
    if name not in NAMES:
        raise typer.BadParameter(f"one of {', '.join(NAMES)}", param_hint="NAME")
    today = business_date(clock.now())
    day = today if from_on is None else from_on.date()
    try:
        rule.check_change(name, value, from_on=day, today=today)
    except Refusal as refusal:
        sys.stderr.write(f"relais: {texts.explain(refusal, language='fr')}\n")
        raise typer.Exit(1) from refusal
    with opened("referrals", settings=settings.current()) as database, database.transaction() as tx:
        network.set_rule(tx, name, value, from_on=day)
    typer.echo(f"{name}: {value} from {day}")


@app.command("forget-again")
def forget_again() -> None:
    """Ask every service again to forget whoever was erased: one was restored, or is new.

    Each goes over everything again, and remembers whom it has forgotten; receipts of before count.
    """
    with opened("referrals", settings=settings.current()) as database:
        with database.transaction() as tx:
            erased = erasures.list_erased(tx)
        for person_ref in erased:
            with database.transaction() as tx:
                erasing.erase_person(
                    tx,
                    person_ref,
                    meant=None,
                    reason=Reason.ASKED_BY_PERSON,  # the first one stands
                    caller=None,
                    now=clock.now(),
                    new_id=new_id,
                    terms=erasure_terms(),
                )
    typer.echo(f"{len(erased)} erasures told again")
