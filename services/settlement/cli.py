"""`relais settlement ...`: the ledger at the terminal, read from settlement's own schema."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from chassis.db import Transaction
from kernel.refusal import Refusal
from services.settlement import api, handlers, store

DIFFERENT = 1
UNUSABLE = 2
_PIPED_WIDTH = 120
#: The columns of credits: what moved in the period, and what is left.
_CREDITS = ("given", "sold", "transferred", "written_off", "left")

app = typer.Typer(no_args_is_help=True, help="The operators' ledger.")


@app.callback()
def settlement() -> None:
    """Keep `reconcile` a command of a group, however many there are."""


@app.command()
def reconcile(
    operator: Annotated[str, typer.Option(help="The operator's code, as in `sfr`.")],
    period: Annotated[str, typer.Option(help="The month, written YYYY-MM.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Compare what the ledger knows of one operator in one month.

    The exit code is 0 when nothing differs, 1 when something does, 2 when there is nothing to look
    at.  A month that is still running lacks a leg: it is shown as not complete, and `complete` in
    the JSON is what a seal must ask for.
    """
    try:
        month = handlers.parse_period(period)
        with _connect() as tx:
            store.see_operator(tx, None)
            drawn = handlers.draw_up_period(tx, operator=operator, period=month)
    except Refusal as refusal:
        raise _unusable(str(refusal)) from None
    except psycopg.Error as error:
        # The rest of psycopg's lines are hints for a database administrator.
        [reason, *_] = str(error).strip().splitlines() or [type(error).__name__]
        raise _unusable(f"The ledger cannot be read: {reason}") from None
    if as_json:
        typer.echo(json.dumps(drawn.model_dump(mode="json"), indent=2))
    else:
        _print(drawn)
    if drawn.differences:
        raise typer.Exit(DIFFERENT)


def _unusable(sentence: str) -> typer.Exit:
    typer.echo(f"relais: {sentence}", err=True)
    return typer.Exit(UNUSABLE)


def _connect() -> Transaction:
    return psycopg.connect(
        _database_url(),
        row_factory=dict_row,
        connect_timeout=5,
        options="-c search_path=settlement,public -c default_transaction_read_only=on",
        application_name="relais-settlement-cli",
    )


def _database_url() -> str:
    """Return the address we were given, else that of the stack which runs on this machine."""
    if url := os.environ.get("RELAIS_ADMIN_DATABASE_URL"):
        return url
    home = Path(os.environ.get("RELAIS_HOME") or Path(__file__).resolve().parents[2] / ".local")
    try:
        url = json.loads((home / "stack.json").read_text(encoding="utf-8"))["database_url"]
    except (OSError, ValueError, KeyError):
        raise _unusable(
            f"No stack runs on {home}: start one with `relais up`, or name the database in"
            " RELAIS_ADMIN_DATABASE_URL."
        ) from None
    return str(url)


# -- what is shown -----------------------------------------------------------------------------


def _print(drawn: api.Period) -> None:
    # Into a pipe or a file nothing need be squeezed.
    console = Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    console.print(f"[bold]{drawn.operator}[/bold], {drawn.period}\n")
    console.print(_credits(drawn))
    console.print(_takings(drawn))
    console.print(_legs(drawn))
    for each in drawn.differences:
        console.print(
            f"[red]difference[/red]  {each.name}, {each.reference}:"
            f" expected {each.expected}, found {each.found}"
        )
    if drawn.differences:
        console.print(f"[red]{len(drawn.differences)} differences.[/red]")
    elif drawn.complete:
        console.print("[green]Complete, and no difference.[/green]")
    else:
        console.print(
            "[yellow]No difference in what is there, but the period is not complete:"
            f" nothing was heard of {', '.join(drawn.missing)}.[/yellow]"
        )


def _credits(drawn: api.Period) -> Table:
    table = _table("Credits, in kind: vouchers, and their face value", "site")
    for name in _CREDITS:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for site in drawn.credits:
        figures = (_counted(*_credit(site, name)) for name in _CREDITS)
        table.add_row(site.site_code, *("\n".join(each) for each in figures))
    table.add_section()
    sums = (_sum([_credit(site, name) for site in drawn.credits]) for name in _CREDITS)
    table.add_row("all sites", *("\n".join(_counted(*each)) for each in sums))
    return table


def _credit(site: api.SiteCredits, name: str) -> tuple[int, int]:
    return getattr(site, f"{name}_count"), getattr(site, f"{name}_cents")


def _takings(drawn: api.Period) -> Table:
    table = _table("Takings of the tills", "site")
    table.add_column("day")
    _add_figures(table, "sales", "in cash")
    _add_figures(table, "sales", "by card")
    for day in drawn.takings:
        table.add_row(
            day.site_code,
            day.business_date.isoformat(),
            *_counted(day.cash_sales, day.cash_cents),
            *_counted(day.card_sales, day.card_cents),
        )
    table.add_section()
    table.add_row(
        "all sites",
        "",
        *_counted(*_sum([(day.cash_sales, day.cash_cents) for day in drawn.takings])),
        *_counted(*_sum([(day.card_sales, day.card_cents) for day in drawn.takings])),
    )
    return table


def _legs(drawn: api.Period) -> Table:
    table = _table("Legs", "leg")
    table.add_column("heard")
    _add_figures(table, "count", "amount")
    for leg in drawn.legs:
        heard = "[green]yes[/green]" if leg.present else "[yellow]missing[/yellow]"
        shown = _counted(leg.count, leg.total_cents) if leg.present else ("", "")
        table.add_row(leg.name, heard, *shown)
    return table


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first)
    return table


def _add_figures(table: Table, count: str, cents: str) -> None:
    for heading in (count, cents):
        table.add_column(heading, justify="right", no_wrap=True)


def _sum(pairs: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(count for count, _ in pairs), sum(cents for _, cents in pairs)


def _counted(count: int, cents: int) -> tuple[str, str]:
    sign = "-" if cents < 0 else ""
    euros, rest = divmod(abs(cents), 100)
    return f"{count:,}", f"{sign}{euros:,}.{rest:02d} €"
