"""What a service's own commands need to run as that service does, taken from the running stack."""

import json
import os

from deploy.local import keyring, services
from deploy.local.home import Home
from deploy.local.processes import PROCESSES


def take_on(service: str) -> None:
    """Complete this process's environment with the service's role, broker and keys.

    What the environment says already stays as it is; without a stack nothing is added, and the
    service's settings then say what is missing.
    """
    home = Home.from_environment()
    if not home.stack_file.is_file():
        return
    stack = json.loads(home.stack_file.read_text())
    ring = keyring.load(home)
    process = next(each for each in PROCESSES if each.service == service)
    known = ring.environment(process.secrets) | {
        "RELAIS_ADMIN_DATABASE_URL": stack["database_url"],
        "DATABASE_URL": services.as_role(
            stack["database_url"], role=service, password=ring.service_passwords[service]
        ),
        "AMQP_URL": stack["amqp_url"],
    }
    for name, value in known.items():
        os.environ.setdefault(name, value)
