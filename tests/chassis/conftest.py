"""The fixture `bus`: schemas and queues of a test's own; on a broker that may be killed, too."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources

import psycopg
import pytest

from tests.chassis import hearing
from tests.chassis.bus import Bus
from tests.chassis.mortal import MortalBroker, mortal_broker
from tests.fix_stack import Servers

SERVICES = ("recharges", "settlement", "impact")


@pytest.fixture(scope="session")
def bus_template(servers: Servers) -> str:
    """A database with the chassis's tables in each service's schema."""
    name = "template_bus"
    tables = resources.files("chassis") / "migrations"
    with psycopg.connect(servers.admin_url(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    with psycopg.connect(servers.admin_url(database=name), autocommit=True) as admin:
        for service in SERVICES:
            admin.execute(f"CREATE SCHEMA {service}")
            admin.execute(f"SET search_path TO {service}")
            for script in sorted(tables.iterdir(), key=lambda entry: entry.name):
                admin.execute(script.read_text(encoding="utf-8").encode())
            admin.execute(hearing.TABLES.encode())
    return name


@pytest.fixture
def bus(servers: Servers, bus_template: str, amqp_url: str) -> Iterator[Bus]:
    name = f"bus_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{bus_template}"')
    bus = Bus(database_url=servers.admin_url(database=name), amqp_url=amqp_url)
    bus.forget_queues()
    yield bus
    bus.close()


@pytest.fixture(scope="module")
def mortal() -> Iterator[MortalBroker]:
    with mortal_broker() as broker:
        yield broker


@pytest.fixture
def bus_on_mortal(bus: Bus, mortal: MortalBroker) -> Bus:
    return replace(bus, amqp_url=mortal.url)
