"""Fixtures that start what tests need for real: PostgreSQL, RabbitMQ, and the whole stack.

- `servers`: a private PostgreSQL and RabbitMQ, started once a session, empty.
- `fresh_schema(service)`: a database of its own, migrated, whose rows stay committed.
- `tx_of(service)`: an open connection on a shared migrated database; rolled back at the end.
- `amqp_url`: the broker, on a vhost of the test module's own.
- `stack`: the whole stack as `relais up` starts it, for journeys and faults.

Several sessions may run at once on one machine: each takes the first slot that nobody holds.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.rows import DictRow

from chassis import migrate
from deploy.local import postgres, rabbitmq
from deploy.local.child import Child
from deploy.local.home import ROOT, Home, Trouble
from deploy.local.ports import Ports, require_free
from deploy.local.stack import Stack
from tests import sharing
from tests.connections import borrowed

SERVERS_WEB_PORT = 8580
JOURNEY_WEB_PORT = 8680
LOCAL_WEB_PORT = 8780
SLOT_DISTANCE = 1000
SLOT_COUNT_MAX = 9
PASSWORD = "only-for-tests"
STARTED_WITHIN_S = 60.0
STACK_WITHIN_S = 180.0
POLL_S = 0.05

TxOf = Callable[[str], psycopg.Connection[DictRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A service's schema in a database: as the service itself sees it, and as an administrator."""

    url: str
    admin_url: str


FreshSchema = Callable[[str], Schema]


@dataclass(kw_only=True)
class Servers:
    """The two private servers of a test session."""

    home: Home
    ports: Ports
    postgres: Child
    rabbitmq: Child
    templates: set[str] = field(default_factory=set)

    def admin_url(self, *, database: str = "postgres") -> str:
        """The superuser's address of one database."""
        return postgres.private_url(port=self.ports.postgres, password=PASSWORD, database=database)

    def amqp_url(self, *, vhost: str) -> str:
        """The broker's address, on one vhost."""
        return rabbitmq.private_url(port=self.ports.amqp, password=PASSWORD, vhost=vhost)

    def template(self, service: str) -> str:
        """The name of a database in which this service's schema is migrated, made on first use."""
        name = f"template_{service}"
        if name not in self.templates:
            postgres.make_database(self.admin_url(), name=name)
            url = self.admin_url(database=name)
            migrate.provision(url, service=service, password=PASSWORD)
            migrate.migrate(url, service=service)
            self.templates.add(name)
        return name

    def schema(self, service: str, *, database: str) -> Schema:
        """The addresses of a service's schema in a database that was migrated for it."""
        admin_url = self.admin_url(database=database)
        port = urlsplit(admin_url).port
        return Schema(
            url=f"postgresql://{service}:{PASSWORD}@127.0.0.1:{port}/{database}",
            admin_url=admin_url,
        )


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack under `relais up`, and what a test does to it; `own` names servers of one's own."""

    home: Home
    ports: Ports
    own: Mapping[str, str] = field(default_factory=dict)

    @property
    def now(self) -> Stack:
        """What `stack.json` says at this moment."""
        return Stack.load(self.home)

    @property
    def web(self) -> str:
        """The one address of the web."""
        return self.now.web

    @property
    def database_url(self) -> str:
        """The administrator's address of the database."""
        return self.now.database_url

    @property
    def amqp_url(self) -> str:
        """The address of the broker."""
        return self.now.amqp_url

    def relais(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a `relais` command on this stack, showing what it printed if it fails."""
        return subprocess.run(
            [sys.executable, "-m", "deploy.command", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=STACK_WITHIN_S,
        )

    def environment(self) -> dict[str, str]:
        """What points a command at this stack."""
        return os.environ | {
            "RELAIS_HOME": str(self.home.path),
            "RELAIS_PORT": str(self.ports.web),
            "DATABASE_URL": "",
            "AMQP_URL": "",
            **self.own,
        }

    def up(self, *options: str) -> None:
        """Starts it in the background, without a demonstration."""
        started = self.relais("up", "--detach", "--no-demo", *options)
        assert started.returncode == 0, started.stdout + started.stderr

    def down(self) -> None:
        """Stops it in order."""
        stopped = self.relais("down")
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr

    def pid(self, name: str) -> int:
        """The process of that name, by its last start."""
        return self.now.process(name).pid

    def kill9(self, name: str) -> int:
        """Kills it without warning; gives the pid it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill9_supervisor(self) -> None:
        """Kills the supervisor itself without warning."""
        pid = self.home.supervisor_pid()
        assert pid
        os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """Ends it at once, and what is left of it: nobody will ask for its data again."""
        if self.home.supervisor_pid():
            running = self.now.processes
            self.kill9_supervisor()
            for each in running:
                end_at_once(each.name, each.pid)
        self.relais("down")

    def wait_restarted(self, name: str, *, killed: int, limit_s: float = 10.0) -> float:
        """Waits until another process has taken its place; gives the seconds that took."""
        began = time.monotonic()
        while self.pid(name) == killed:
            assert time.monotonic() - began < limit_s, f"{name} was not started again"
            time.sleep(POLL_S)
        return time.monotonic() - began

    def wait_ready(self, *, limit_s: float = 60.0) -> None:
        """Waits until every process answers."""
        until = time.monotonic() + limit_s
        while True:
            now = self.now
            silent = [each.name for each in now.processes if not now.answers(each)]
            if not silent:
                return
            assert time.monotonic() < until, f"{silent} do not answer"
            time.sleep(POLL_S)


@contextmanager
def free_slot(name: str, *, web_port: int, unserved: bool = False) -> Iterator[tuple[Home, Ports]]:
    """An empty home and its ports that no other test session of this machine holds.

    `unserved` also passes over ports that the servers of a killed session still hold.
    """
    with ExitStack() as held:
        for slot in range(SLOT_COUNT_MAX):
            home = Home(ROOT / (f".local-{name}-{slot + 1}" if slot else f".local-{name}"))
            ports = Ports(web_port + slot * SLOT_DISTANCE)
            try:
                # Ports are the machine's, not the clone's, and so is the lock on them.
                lock = Path(tempfile.gettempdir()) / f"relais-test-{ports.web}"
                held.enter_context(Home(lock).owned())
                if unserved:
                    private = (ports.postgres, ports.amqp, ports.epmd, ports.distribution)
                    require_free(private, web=ports.web)
            except Trouble:
                continue
            yield home, ports
            return
    pytest.exit(f"{SLOT_COUNT_MAX} test sessions already hold every slot of {name}")


def end_at_once(name: str, pid: int) -> None:
    """Kills a process; PostgreSQL gives its shared memory back first, and writes nothing."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGQUIT if name == "postgres" else signal.SIGKILL)


def wipe(home: Home) -> None:
    """Removes a home, with the cluster that may lie outside it."""
    inside, outside = postgres.folders(home)
    shutil.rmtree(outside.parent, ignore_errors=True)
    if inside.is_symlink():
        inside.unlink()
    shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Starts both servers at once: a few seconds, most of them RabbitMQ's."""
    with free_slot("test", web_port=SERVERS_WEB_PORT, unserved=True) as (home, ports):
        wipe(home)
        home.prepare()
        epmd, broker = rabbitmq.make_children(home, ports=ports, password=PASSWORD)
        epmd.start()
        epmd.wait_ready(limit_s=STARTED_WITHIN_S, deaths_max=1)
        broker.start()
        database = postgres.make_child(home, port=ports.postgres, password=PASSWORD, throwaway=True)
        database.start()
        try:
            database.wait_ready(limit_s=STARTED_WITHIN_S, deaths_max=1)
            broker.wait_ready(limit_s=STARTED_WITHIN_S, deaths_max=1)
            yield Servers(home=home, ports=ports, postgres=database, rabbitmq=broker)
        finally:
            for child in (broker, epmd, database):
                if child.pid is not None:
                    end_at_once(child.name, child.pid)
                child.stop()
            wipe(home)


@pytest.fixture(scope="session")
def fresh_schema(servers: Servers) -> FreshSchema:
    """Gives `fresh_schema("recharges")`: a new database holding that service's empty schema."""

    def make(service: str) -> Schema:
        template = servers.template(service)
        name = f"{service}_{secrets.token_hex(4)}"
        with psycopg.connect(servers.admin_url(), autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return servers.schema(service, database=name)

    return make


@pytest.fixture(scope="session")
def shared_schema(servers: Servers, fresh_schema: FreshSchema) -> FreshSchema:
    """One migrated database a service for the whole session, for tests that roll back."""
    made: dict[str, Schema] = {}

    def find(service: str) -> Schema:
        if service not in made:
            made[service] = fresh_schema(service)
        return made[service]

    return find


@pytest.fixture
def tx_of(shared_schema: FreshSchema) -> Iterator[TxOf]:
    """Gives `tx_of("recharges")`: a connection as the service's role, rolled back at the end."""
    with ExitStack() as opened:

        def open_one(service: str) -> psycopg.Connection[DictRow]:
            connection = opened.enter_context(
                borrowed(shared_schema(service).url, options=f"-c search_path={service},public")
            )
            opened.callback(connection.rollback)
            return connection

        yield open_one


@pytest.fixture(scope="module")
def amqp_url(servers: Servers) -> str:
    """The broker, on a vhost that only this test module uses."""
    vhost = f"test-{secrets.token_hex(4)}"
    rabbitmq.make_vhost(servers.home, ports=servers.ports, name=vhost)
    return servers.amqp_url(vhost=vhost)


@contextmanager
def empty_stack(name: str, *, web_port: int) -> Iterator[RunningStack]:
    """A stack that has never been started; it is stopped and removed at the end."""
    with free_slot(name, web_port=web_port) as (home, ports):
        made = RunningStack(home, ports)
        made.relais("down")  # what a killed test session left behind
        wipe(home)
        try:
            yield made
        finally:
            made.end()
            wipe(home)


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The whole real stack, without a demonstration, for journeys and faults."""
    with ExitStack() as own:
        sharing.UNIT_END.callback(own.close)
        made = own.enter_context(empty_stack("journey", web_port=JOURNEY_WEB_PORT))
        made.up()
        yield made
