"""What a service's own commands need to run as that service does, taken from the running stack."""

import os

from deploy.local import cards, keyring, mails, services
from deploy.local.home import Home
from deploy.local.processes import PROCESSES
from deploy.local.stack import Stack


def take_on(service: str) -> None:
    """Complete this process's environment with the service's role, broker and keys.

    What the environment says already stays as it is, except an administrator's DATABASE_URL that
    the stack itself was started with; an empty address says nothing, here as for `relais up`.
    Without a running stack nothing is added, and the service's settings then say what is missing.
    """
    home = Home.from_environment()
    if home.supervisor_pid() is None or not home.stack_file.exists():
        return
    stack = Stack.load(home)
    for address, ours in (("DATABASE_URL", stack.database_url), ("AMQP_URL", stack.amqp_url)):
        if os.environ.get(address) in ("", ours):
            del os.environ[address]
    ring = keyring.load(home, services=[service])
    process = next(each for each in PROCESSES if each.service == service)
    offered = ring.environment(process.secrets)
    told = cards.for_commands(offered, processes=stack.processes)
    told |= mails.for_commands(process, processes=stack.processes)
    known = told | {
        "RELAIS_ADMIN_DATABASE_URL": stack.database_url,
        "DATABASE_URL": services.as_role(
            stack.database_url, role=service, password=ring.service_passwords[service]
        ),
        "AMQP_URL": stack.amqp_url,
    }
    for name, value in known.items():
        os.environ.setdefault(name, value)
