"""The console script `relais`: it finds the commands that exist and mounts them.

A package adds its commands by being there; nothing is registered here.  The convention, in one
sentence: **a module that offers commands has a typer application named `app`.**

- `services/<name>/cli.py` is mounted as the group `relais <name> ...`; its commands run with the
  environment of that service in the running stack (deploy/local/environment.py).
- The modules of `TOP_LEVEL` are mounted under the names beside them.  An application with a single
  command becomes that command itself (`relais demo --json`), one with several, or with a callback,
  becomes a group (`relais parked list`).

A module is imported only when its command is asked for, or for the list of all of them: a broken
or slow one hurts no other, and a command that needs no database driver runs where there is none.
A command refuses with `deploy.local.home.Trouble("one sentence.")`:
it is printed after `relais: ` on standard error and the exit code is 1.
"""

import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Sequence

import typer
from pydantic import ValidationError

from chassis import settings
from deploy.local.home import Trouble
from deploy.local.processes import PROCESSES, services_of

STACK = "deploy.local.cli"
STACK_COMMANDS = ("up", "down", "status")
TOP_LEVEL = {
    "migrate": "deploy.migrate",
    "secrets": "deploy.secrets",
    "demo": "deploy.demo.cli",
    "audit": "deploy.audit.cli",
    "parked": "deploy.parked",
    "keys": "deploy.keys",
    "capacity": "deploy.capacity",
    "verify-archive": "deploy.verify_archive",
}


def build(asked: str | None = None) -> typer.Typer:
    """The command line: the one that is asked for, or all that are there."""
    services = services_of(PROCESSES)
    every = {*STACK_COMMANDS, *TOP_LEVEL, *services}
    wanted = {asked} if asked in every else every
    command = typer.Typer(
        name="relais",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The information system of a solidarity telecom operator.",
    )
    command.callback()(_relais)
    if wanted.intersection(STACK_COMMANDS):
        command.add_typer(importlib.import_module(STACK).app)
    for name, module in TOP_LEVEL.items():
        if name in wanted and _exists(module):
            _mount(command, app=importlib.import_module(module).app, name=name)
    for service in services:
        module = f"services.{service}.cli"
        if service in wanted and _exists(module):
            app = importlib.import_module(module).app
            command.add_typer(app, name=service, callback=_as_service(service))
    return command


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; what keeps it from its work is one sentence."""
    # Decision 0001 says why eventlet; the person at the terminal cannot do anything about it.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    # No command speaks through eventlet's sockets: its own resolver takes long to load.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        build(words[0] if words else None)(words)
    except Trouble as trouble:
        sentence = str(trouble)
    except _database_errors() as error:
        sentence = f"the database does not answer: {str(error).partition(chr(10))[0]}"
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        sentence = f"the environment does not say enough: {settings.what_is_missing(error)}"
    else:
        return
    print(f"relais: {sentence}", file=sys.stderr)
    sys.exit(1)


def _mount(command: typer.Typer, *, app: typer.Typer, name: str) -> None:
    several = len(app.registered_commands) > 1 or app.registered_groups or app.registered_callback
    if several:
        command.add_typer(app, name=name)
    elif function := app.registered_commands[0].callback:
        command.command(name)(function)


def _relais() -> None:
    """The information system of a solidarity telecom operator."""


def _as_service(service: str) -> Callable[[], None]:
    def take_on() -> None:
        from deploy.local import environment

        environment.take_on(service)

    return take_on


def _database_errors() -> tuple[type[Exception], ...]:
    """What a database that does not answer raises: nothing where the command has no driver."""
    driver = sys.modules.get("psycopg")
    return (driver.OperationalError,) if driver else ()


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False  # nor is the package it would lie in


if __name__ == "__main__":
    main()
