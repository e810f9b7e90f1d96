"""`relais parked`: deliveries that failed for good are listed, shown, replayed or discarded."""

import getpass
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import psycopg
import typer
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from chassis import parking, settling
from chassis.db import Transaction
from chassis.settling import AlreadySettled
from deploy.local.home import Home, Trouble
from deploy.local.stack import Stack
from kernel.refusal import Refusal

app = typer.Typer(help="Deliveries that failed for good, with their reasons.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="As `relais parked list` shows it.")]
Why = Annotated[str, typer.Option(help="The reason, kept with the delivery.")]
By = Annotated[str, typer.Option(help="Who decides; the person signed in by default.")]

_SERVICES = """
SELECT nspname AS service
  FROM pg_class
  JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE relname = 'parked_delivery' AND relkind = 'r'
 ORDER BY nspname
"""


@app.command("list")
def list_parked(
    every: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what is parked in every service."""
    with _database() as tx:
        rows = [
            _shown(row, service=service)
            for service in _services(tx)
            for row in parking.find(_within(tx, service), settled_too=every)
        ]
    if as_json:
        for row in rows:
            del row["body"], row["headers"]
        typer.echo(json.dumps(rows, indent=2))
        return
    _print(rows)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one delivery whole, with its body."""
    with _database() as tx:
        service, row = _find(tx, name)
    shown = _shown(row, service=service)
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
        return
    for field, value in shown.items():
        if value not in (None, "", {}):
            typer.echo(f"{field:12} {value}")


@app.command()
def replay(name: Name, why: Why = "asked for", by: By = "", as_json: AsJson = False) -> None:
    """Send a delivery to its handler again; the inbox sees to it that nothing is done twice."""
    with _database() as tx, _named(name):
        _, row = _find(tx, name)
        amqp_url = _address("AMQP_URL")
        settling.replay(tx, row["parked_id"], amqp_url=amqp_url, who=_who(by), why=why)
    _say(name, row, "replayed", as_json=as_json)


@app.command()
def discard(name: Name, why: Why = "asked for", by: By = "", as_json: AsJson = False) -> None:
    """Give a delivery up; the row stays, with who did it and why."""
    with _database() as tx, _named(name):
        _, row = _find(tx, name)
        settling.discard(tx, row["parked_id"], who=_who(by), why=why)
    _say(name, row, "discarded", as_json=as_json)


@contextmanager
def _database() -> Iterator[Transaction]:
    try:
        with psycopg.connect(
            _address("RELAIS_ADMIN_DATABASE_URL"), row_factory=dict_row, connect_timeout=5
        ) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Trouble(f"the database does not answer: {str(error).splitlines()[0]}") from error


def _address(variable: Literal["RELAIS_ADMIN_DATABASE_URL", "AMQP_URL"]) -> str:
    if given := os.environ.get(variable, "").strip():
        return given
    stack = Stack.load(Home.from_environment())
    return stack.amqp_url if variable == "AMQP_URL" else stack.database_url


def _services(tx: Transaction) -> list[str]:
    return [row["service"] for row in tx.execute(_SERVICES)]


def _within(tx: Transaction, service: str) -> Transaction:
    tx.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(service)))
    return tx


def _find(tx: Transaction, name: str) -> tuple[str, dict[str, Any]]:
    """Return the service and the locked row that `<service>:<number>` names."""
    service, _, number = name.partition(":")
    if number.isascii() and number.isdigit() and len(number) < 19 and service in _services(tx):
        row = parking.lock(_within(tx, service), int(number))
        if row is not None:
            return service, row
    raise Trouble(f"no delivery is parked as {name}: `relais parked list` shows those that are.")


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say of which delivery something was refused."""
    try:
        yield
    except AlreadySettled as settled:
        said = settled.values
        raise Trouble(
            f"{name} was {said['state']} by {said['who']} at {said['at']:%Y-%m-%d %H:%M:%S}"
            f" already ({said['why']})."
        ) from settled
    except Refusal as refusal:
        raise Trouble(f"{name}: {refusal}") from refusal


def _who(by: str) -> str:
    return by.strip() or getpass.getuser()


def _shown(row: dict[str, Any], *, service: str) -> dict[str, Any]:
    """Return a row as JSON can carry it, under the name by which the commands find it."""
    shown: dict[str, Any] = {"id": f"{service}:{row['parked_id']}", "service": service}
    for field, value in row.items():
        if field == "parked_id":
            continue
        if field == "body":
            shown[field] = bytes(value).decode("utf-8", "backslashreplace")
        elif value is None or isinstance(value, int | str | dict):
            shown[field] = value
        elif field.endswith("_at"):
            shown[field] = value.isoformat()
        else:
            shown[field] = str(value)
    return shown


def _print(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        typer.echo("Nothing is parked.")
        return
    table = Table(title="Parked deliveries", title_justify="left")
    for column in ("id", "consumer", "type", "reason", "detail", "parked_at", "state"):
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(
            row["id"],
            row["consumer"],
            row["type"] or "-",
            row["reason"],
            row["detail"][:120],
            row["parked_at"][:19],
            row["state"],
        )
    Console().print(table)


def _say(name: str, row: dict[str, Any], state: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"id": name, "consumer": row["consumer"], "state": state}))
    else:
        typer.echo(f"{name} {state}: {row['consumer']}, {row['type'] or 'no type'}")
