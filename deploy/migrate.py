"""The command `relais migrate`: every service's roles and schema, where no local stack does it."""

import os

import typer

from chassis import migrate
from deploy.local.home import Trouble
from deploy.local.processes import present, services_of

app = typer.Typer()


def password_variable(service: str) -> str:
    """The variable that holds the password of a service's database role."""
    return f"RELAIS_{service.upper()}_DATABASE_PASSWORD"


@app.command()
def every_schema() -> None:
    """Bring the roles and schemas of all services up to date; safe to repeat.

    Reads RELAIS_ADMIN_DATABASE_URL and one RELAIS_<SERVICE>_DATABASE_PASSWORD for each service.
    """
    services = services_of(present())
    names = ["RELAIS_ADMIN_DATABASE_URL", *map(password_variable, services)]
    if empty := [name for name in names if not os.environ.get(name, "").strip()]:
        raise Trouble(f"set {', '.join(empty)} first: an empty secret is never a default.")
    admin_url = os.environ["RELAIS_ADMIN_DATABASE_URL"]
    for service in services:
        password = os.environ[password_variable(service)]
        migrate.provision(admin_url, service=service, password=password)
        applied = migrate.migrate(admin_url, service=service)
        print(f"relais: {service}: {len(applied)} migrations applied", flush=True)
