"""The services as children of the supervisor, each told by its environment what it needs."""

import sys
from collections.abc import Iterable
from urllib.parse import quote, urlsplit, urlunsplit

from chassis import migrate
from deploy.local import cards, mails, probe, seller
from deploy.local.child import Child, plain_environment
from deploy.local.home import ROOT, Home, Trouble
from deploy.local.keyring import Keyring
from deploy.local.ports import Ports
from deploy.local.processes import ServiceProcess


def make_child(
    process: ServiceProcess,
    *,
    home: Home,
    ports: Ports,
    keyring: Keyring,
    database_url: str,
    amqp_url: str,
) -> Child:
    """The child that runs one process of one service, as its own database role."""
    port = ports.of(process)
    own_database = as_role(
        database_url, role=process.service, password=keyring.service_passwords[process.service]
    )
    environment = {
        "DATABASE_URL": own_database,
        "AMQP_URL": amqp_url,
        "RELAIS_HTTP_PORT": str(port),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        # All addresses are loopback's, and eventlet's own resolver is a third of a service's start.
        "EVENTLET_NO_GREENDNS": "yes",
    }
    if process.parts:
        environment["RELAIS_PARTS"] = process.parts
    return Child(
        name=process.name,
        command=[sys.executable, "-m", process.module],
        environment=plain_environment()
        | environment
        | keyring.environment(process.secrets)
        | cards.environment(process, ports=ports)
        | seller.environment(process)
        | mails.environment(process, ports=ports),
        folder=home.folder(f"run/{process.name}"),
        port=port,
        order=-1,
        answers=lambda: probe.http_ok(port, path="/readyz"),
        home=home,
        metrics=f"http://127.0.0.1:{port}/metrics",
    )


def migrate_schemas(admin_url: str, *, services: Iterable[str], keyring: Keyring) -> int:
    """Brings every service's schema up to date; says how many migrations that took."""
    applied = 0
    for service in services:
        migrate.provision(admin_url, service=service, password=keyring.service_passwords[service])
        try:
            applied += len(migrate.migrate(admin_url, service=service))
        except migrate.Changed as changed:
            raise Trouble(
                f"{changed}: write a further migration instead, or remove the stack's folder "
                "with its data to begin again."
            ) from None
    return applied


def as_role(url: str, *, role: str, password: str) -> str:
    """The same database, signed in as another role."""
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{server}"))
