"""The console script `relais`: it finds the commands that exist and mounts them.

A package adds its commands by being there; nothing is registered here.  The convention, in one
sentence: **a module that offers commands has a typer application named `app`.**

- `services/<name>/cli.py` is mounted as the group `relais <name> ...`.
- The modules of `TOP_LEVEL` are mounted under the name beside them.  An application with a single
  command becomes that command itself (`relais demo --json`), one with several, or with a callback,
  becomes a group (`relais parked list`).  An empty name puts the commands at the top.

A command refuses with `deploy.local.home.Trouble("one sentence.")`: it is printed after `relais: `
on standard error and the exit code is 1.
"""

import importlib
import importlib.util
import sys
from functools import partial

import typer

from deploy.local import environment
from deploy.local.home import Trouble
from deploy.local.processes import PROCESSES, services_of

TOP_LEVEL = (
    ("deploy.local.cli", ""),
    ("deploy.demo.cli", "demo"),
    ("deploy.audit.cli", "audit"),
    ("deploy.parked", "parked"),
    ("deploy.keys", "keys"),
    ("deploy.capacity", "capacity"),
)


def build() -> typer.Typer:
    """The whole command line, from the modules that are there."""
    command = typer.Typer(
        name="relais",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The information system of a solidarity telecom operator.",
    )
    for module, name in TOP_LEVEL:
        _mount(command, module=module, name=name)
    for service in services_of(PROCESSES):
        _mount(command, module=f"services.{service}.cli", name=service, service=service)
    return command


def main() -> None:
    """Runs one command; what keeps it from its work is one sentence."""
    try:
        build()()
    except Trouble as trouble:
        print(f"relais: {trouble}", file=sys.stderr)
        sys.exit(1)


def _mount(command: typer.Typer, *, module: str, name: str, service: str | None = None) -> None:
    if not _exists(module):
        return
    app: typer.Typer = importlib.import_module(module).app
    if service is not None:
        # A service's commands run as the service does: with its role, its schema and its keys.
        command.add_typer(app, name=name, callback=partial(environment.take_on, service))
        return
    several = len(app.registered_commands) > 1 or app.registered_groups or app.registered_callback
    if not name:
        command.add_typer(app)
    elif several:
        command.add_typer(app, name=name)
    elif function := app.registered_commands[0].callback:
        command.command(name)(function)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False  # nor is the package it would lie in


if __name__ == "__main__":
    main()
