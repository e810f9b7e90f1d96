"""The commands `relais up`, `down` and `status`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import orphans
from deploy.local.home import Home, Trouble
from deploy.local.ports import Ports
from deploy.local.processes import present, with_copies
from deploy.local.stack import Stack
from deploy.local.up import READY, Launch, end_orphans, say

STOPPED_WITHIN_S = 90.0
POLL_S = 0.1

app = typer.Typer(no_args_is_help=True)


@app.command()
def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return once it serves; it goes on in the background.")
    ] = False,
    no_demo: Annotated[
        bool, typer.Option("--no-demo", help="Load and play no demonstration.")
    ] = False,
    servers_only: Annotated[
        bool, typer.Option("--servers-only", help="Start the servers, but no service.")
    ] = False,
    scale: Annotated[
        list[str] | None,
        typer.Option(metavar="SERVICE=N", help="Run N copies of a service; may be repeated."),
    ] = None,
) -> None:
    """Start the whole network on this machine and serve it until Ctrl-C."""
    home = Home.from_environment()
    if detach:
        _start_in_background(home)
        return
    copies = _copies(scale or [])
    ports = Ports.from_environment()
    with home.owned():
        Launch(
            home,
            ports=ports,
            processes=[] if servers_only else with_copies(present(), scale=copies),
            with_demo=not (no_demo or servers_only),
        ).run()


@app.command()
def down() -> None:
    """Stop the stack that `up` started."""
    home = Home.from_environment()
    supervisor = home.supervisor_pid()
    if supervisor is None:
        ended = end_orphans(home)
        say(f"stopped {ended} processes that were left running" if ended else "nothing runs here")
        return
    orphans.send(supervisor, signum=signal.SIGTERM)
    until = time.monotonic() + STOPPED_WITHIN_S
    while home.supervisor_pid() is not None:
        if time.monotonic() > until:
            orphans.send(supervisor, signum=signal.SIGKILL)
            end_orphans(home)
            break
        time.sleep(POLL_S)
    say("stopped")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what runs and whether it answers; the exit code is 1 when nothing does."""
    home = Home.from_environment()
    try:
        stack = Stack.load(home)
    except Trouble:
        if not as_json:
            raise
        print(json.dumps({"running": False, "processes": []}))
        raise typer.Exit(1) from None
    answers = {process.name: stack.answers(process) for process in stack.processes}
    if as_json:
        shown = [
            {
                "name": process.name,
                "pid": process.pid,
                "port": process.port,
                "metrics": process.metrics,
                "answers": answers[process.name],
            }
            for process in stack.processes
        ]
        print(json.dumps({"running": True, "web": stack.web, "processes": shown}, indent=2))
        return
    table = Table(title=stack.web)
    for heading in ("process", "pid", "port", "answers"):
        table.add_column(heading)
    for process in stack.processes:
        table.add_row(
            process.name,
            str(process.pid),
            str(process.port),
            "yes" if answers[process.name] else "[red]no[/red]",
        )
    Console().print(table)


def _copies(scale: list[str]) -> dict[str, int]:
    copies = {}
    for wish in scale:
        name, _, count = wish.partition("=")
        if not count.isdigit():
            raise Trouble(f"--scale {wish}: write it as SERVICE=N, for example recharges=2.")
        copies[name] = int(count)
    return copies


def _start_in_background(home: Home) -> None:
    """Runs the same command in a session of its own, showing its log until it is ready."""
    home.prepare()
    if home.supervisor_pid() is not None:
        with home.owned():  # refuses, in the sentence that `up` itself says
            return
    log = home.log("supervisor")
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
    arguments = [argument for argument in sys.argv[1:] if argument != "--detach"]
    with log.open("ab") as stream:
        background = subprocess.Popen(
            [sys.executable, "-m", "deploy.command", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    if not _show_until_ready(log, background=background):
        raise typer.Exit(background.wait() or 1)


def _show_until_ready(log: Path, *, background: subprocess.Popen[bytes]) -> bool:
    with log.open(encoding="utf-8", errors="replace") as stream:
        while True:
            ended = background.poll() is not None
            for line in stream:
                print(line, end="", flush=True)
                if line.startswith(READY):
                    return True
            if ended:
                return False
            time.sleep(POLL_S)
