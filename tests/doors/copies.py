"""Copies of a service's data after a day of the demonstration, each behind a process of its own.

Whatever is asked of a copy changes nothing in the stack that it was taken from.
"""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import httpx
import psycopg
from psycopg.rows import dict_row

from chassis.auth import public_key_of
from deploy.local import keyring, services
from deploy.local.processes import PROCESSES, ServiceProcess
from tests.connections import borrowed
from tests.fix_service import SIGNING_KEY, bearer, running
from tests.fix_stack import RunningStack, Schema

AWAY = {"SMTP_URL": "smtp://127.0.0.1:9", "STRIPE_API_BASE": "http://127.0.0.1:9"}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody of the demonstration."""

    user_id: UUID
    role: str
    site_codes: list[str]
    operator: str | None

    def headers(self) -> dict[str, str]:
        """What they send: a token of their own."""
        return bearer(self.role, *self.site_codes, user_id=self.user_id, operator=self.operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One service: its door, and its data as an administrator sees them."""

    service: str
    client: httpx.Client
    admin_url: str

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What a query finds in the copy."""
        with borrowed(self.admin_url, options=f"-c search_path={self.service}") as admin:
            return admin.execute(query.encode(), values).fetchall()


def users_of(stack: RunningStack) -> list[User]:
    """Everybody who signs in to the stack."""
    query = (
        "SELECT user_id, role, site_codes, operator FROM accounts.account"
        " WHERE disabled_at IS NULL ORDER BY created_at, user_id"
    )
    with psycopg.connect(stack.database_url, row_factory=dict_row) as admin:
        return [User(**row) for row in admin.execute(query)]


@contextmanager
def copied(stack: RunningStack, service: str) -> Iterator[Copy]:
    """A copy of one service's data, with its HTTP door open."""
    process = next(each for each in PROCESSES if each.service == service and each.serves_http)
    database = f"doors_{service}_{secrets.token_hex(3)}"
    with psycopg.connect(stack.database_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{database}"')
        try:
            admin_url = _in_database(stack.database_url, database)
            _copy(stack.database_url, admin_url, service=service)
            with _served(stack, process, admin_url=admin_url) as client:
                yield Copy(service=service, client=client, admin_url=admin_url)
        finally:
            admin.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


@contextmanager
def _served(
    stack: RunningStack, process: ServiceProcess, *, admin_url: str
) -> Iterator[httpx.Client]:
    child = services.make_child(
        process,
        home=stack.home,
        ports=stack.ports,
        keyring=keyring.load(stack.home, services=[process.service]),
        database_url=admin_url,
        amqp_url="amqp://nobody:nothing@127.0.0.1:9/",
    )
    own = {name: child.environment[name] for name in process.secrets}
    schema = Schema(url=child.environment["DATABASE_URL"], admin_url=admin_url)
    more = own | AWAY | {"RELAIS_VERIFY_KEY": public_key_of(SIGNING_KEY)}
    with running(process.service, schema=schema, **more) as (client, _):
        yield client


def _copy(source: str, target: str, *, service: str) -> None:
    """The service's schema, and the extensions its constraints and indexes need."""
    with psycopg.connect(source) as admin:
        extensions = [
            name for (name,) in admin.execute("SELECT extname FROM pg_extension ORDER BY extname")
        ]
    with psycopg.connect(target, autocommit=True) as admin:
        for name in extensions:
            admin.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"'.encode())
    dumped = subprocess.run(
        [_program("pg_dump"), f"--schema={service}", f"--dbname={source}"],
        capture_output=True,
        check=True,
    )
    restored = subprocess.run(
        [_program("psql"), "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={target}"],
        input=dumped.stdout,
        capture_output=True,
        check=False,
    )
    assert restored.returncode == 0, restored.stderr.decode()[-2000:]


def _program(name: str) -> str:
    found = shutil.which(name)
    paths = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(paths[-1]) if paths else found or name


def _in_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
