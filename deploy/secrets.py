"""The command `relais secrets`: a new set of secrets for a stack that compose or a cluster runs."""

import typer

from deploy.local import keyring
from deploy.local.processes import present, services_of
from deploy.migrate import password_variable

app = typer.Typer()


def environment() -> dict[str, str]:
    """Every variable that deploy/compose.yaml asks for, with a fresh value."""
    processes = present()
    fresh = keyring.fresh(services_of(processes))
    asked = {name for process in processes for name in process.secrets}
    return {
        "POSTGRES_PASSWORD": fresh.postgres_password,
        "RABBITMQ_PASSWORD": fresh.rabbitmq_password,
        **fresh.environment(sorted(asked)),
        **{
            password_variable(service): password
            for service, password in fresh.service_passwords.items()
        },
    }


@app.command()
def new_secrets() -> None:
    """Print a fresh set as NAME=value lines: `relais secrets > deploy/.env`, once."""
    for name, value in environment().items():
        print(f"{name}={value}")
