"""`relais audit`: checks the invariants across all services' data."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.audit import checks
from deploy.local import keyring
from deploy.local.home import Home
from deploy.local.processes import PROCESSES, services_of
from deploy.local.stack import Stack
from services.recharges.seal import PinSeal
from services.referrals.doors.vault import digest_of_traces

app = typer.Typer()


@app.command("audit")
def audit(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for facts that are still on their way.")
    ] = 20.0,
) -> None:
    """Check every invariant; exit 1 when one is broken or nothing was there to be examined."""
    found = look(Home.from_environment(), wait_s=wait)
    ok = all(check.ok for check in found)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "checks": [asdict(check) for check in found]}, indent=2))
    else:
        _print(found)
    raise typer.Exit(0 if ok else 1)


def look(home: Home, *, wait_s: float) -> list[checks.Check]:
    """Check every invariant of the stack in this folder."""
    keys = keyring.load(home)
    return checks.run(
        Stack.load(home).database_url,
        services=services_of(PROCESSES),
        pins=PinSeal(keys.pin_keys),
        digest=digest_of_traces(keys.referral_key),
        logs=home.path / "log",
        wait_s=wait_s,
    )


def await_quiet(admin_url: str, *, limit_s: float) -> bool:
    """Wait until every fact told has been handled, or the limit is over; say which."""
    services = services_of(PROCESSES)
    with checks.open_snapshot(admin_url, services=services, wait_s=limit_s) as (_, handled):
        return not handled.broken


def _print(found: list[checks.Check]) -> None:
    table = Table(title="Audit", title_justify="left")
    table.add_column("check")
    table.add_column("examined", justify="right")
    table.add_column("broken", justify="right")
    table.add_column("")
    for check in found:
        words = "ok" if check.ok else ("nothing examined" if not check.broken else "BROKEN")
        if check.discarded:
            words += f" ({check.discarded} discarded: relais parked list --all)"
        if check.examples:
            words = "\n".join((words, *check.examples))
        name = check.name.replace("_", " ")
        table.add_row(name, str(check.examined), str(check.broken), escape(words))
    Console().print(table)
