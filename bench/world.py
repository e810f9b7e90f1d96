"""What is measured on: a stack of its own, with sites, tills, people and stock, and the peer."""

import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg

from chassis import clock, migrate
from chassis.auth import Caller, Signer
from deploy.local import keyring
from deploy.local.home import ROOT, Home
from deploy.local.stack import Stack
from services.recharges.seal import PinSeal

SITES = 8
TILLS_PER_SITE = 8
PEOPLE = 20_000
VOUCHERS_PER_SITE = 8_000
PEER_VOUCHERS_PER_SITE = 60_000
WEB_PORT = 8980
PEER = "peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A running stack filled for the benchmark."""

    stack: Stack
    #: (till id, token of its operator)
    tills: tuple[tuple[str, str], ...]
    people: tuple[str, ...]

    def connect(self, schema: str) -> psycopg.Connection:
        """Open an administrator's connection on one schema."""
        return psycopg.connect(
            self.stack.database_url, autocommit=True, options=f"-c search_path={schema},public"
        )


@contextmanager
def running() -> Iterator[World]:
    """Start a stack of its own, fill it, and stop it at the end."""
    home = Home(ROOT / ".local-bench")
    environment = {
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "RELAIS_HOME": str(home.path),
        "RELAIS_PORT": str(WEB_PORT),
        "LC_ALL": "C.UTF-8",
    }

    def relais(*words: str) -> None:
        command = [sys.executable, "-m", "deploy.command", *words]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=240)

    relais("up", "--detach", "--no-demo")
    try:
        stack = Stack.load(home)
        yield _fill(stack, keyring.load(home))
    finally:
        relais("down")


def _fill(stack: Stack, ring: keyring.Keyring) -> World:
    signer = Signer(ring.signing_key)
    pins = PinSeal(ring.pin_keys)
    run = secrets.token_hex(4)
    sites = [f"bench-{run}-{number}" for number in range(SITES)]
    people = [str(uuid.uuid4()) for _ in range(PEOPLE)]
    tills: list[tuple[str, str]] = []
    options = "-c search_path=recharges,public"
    with psycopg.connect(stack.database_url, autocommit=True, options=options) as connection:
        for site in sites:
            tills += [(till, _token(signer, site)) for till in _open(connection, site)]
            _stock(connection, site, count=VOUCHERS_PER_SITE, pins=pins)
        _entitle(connection, people)
        connection.execute("VACUUM ANALYZE")
    _make_peer(stack, sites, people)
    return World(stack=stack, tills=tuple(tills), people=tuple(people))


def _token(signer: Signer, site: str) -> str:
    caller = Caller(
        user_id=uuid.uuid4(), role="till_operator", site_codes=frozenset({site}), operator=None
    )
    return signer.sign(caller, token_id=uuid.uuid4(), now=clock.now(), lifetime=timedelta(hours=6))


def _open(connection: psycopg.Connection, site: str) -> list[str]:
    connection.execute("INSERT INTO site VALUES (%s, %s)", (site, site))
    rows = connection.execute(
        "INSERT INTO till (till_id, site_code, name)"
        " SELECT gen_random_uuid(), %s, 'Caisse ' || n FROM generate_series(1, %s) AS n"
        " RETURNING till_id",
        (site, TILLS_PER_SITE),
    )
    return [str(till_id) for (till_id,) in rows]


def _entitle(connection: psycopg.Connection, people: list[str]) -> None:
    connection.execute(
        "INSERT INTO entitlement SELECT person, current_date - 30, current_date + 240, 3000, 1"
        " FROM unnest(%s::uuid[]) AS person",
        (people,),
    )


def _stock(
    connection: psycopg.Connection, site: str, *, count: int, pins: PinSeal | None
) -> uuid.UUID:
    """Put one batch of vouchers at a site; without keys, PINs that nobody can open."""
    batch_id = uuid.uuid4()
    connection.execute(
        "INSERT INTO batch VALUES (%s, 'sfr', %s, %s, %s, %s, %s, now())",
        (batch_id, f"BENCH-{site}", site, secrets.token_bytes(32), count, count * 1_500),
    )
    if pins is None:
        connection.execute(
            "INSERT INTO voucher SELECT %s, n, 'sfr', %s || n, 'none', '\\x00',"
            " sha256((%s || n)::bytea) FROM generate_series(1, %s) AS n",
            (batch_id, site, site, count),
        )
    else:
        with connection.cursor() as cursor, cursor.copy("COPY voucher FROM STDIN") as copy:
            for position in range(1, count + 1):
                serial, pin = f"{site}-{position}", f"{secrets.randbelow(10**14):014d}"
                sealed = pins.seal(pin, operator="sfr", serial=serial)
                index = pins.index(pin, operator="sfr")
                copy.write_row(
                    (batch_id, position, "sfr", serial, sealed.key_id, sealed.box, index)
                )
    connection.execute(
        "INSERT INTO lot VALUES (%s, %s, %s, 'sfr-15', 1500, current_date + 300, 1, 1, %s)",
        (uuid.uuid4(), batch_id, site, count + 1),
    )
    return batch_id


def _make_peer(stack: Stack, sites: list[str], people: list[str]) -> None:
    """Make the peer's schema: the very tables of recharges, its own rows, one function."""
    options = f"-c search_path={PEER},public"
    with psycopg.connect(stack.database_url, autocommit=True, options=options) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {PEER} CASCADE")
        connection.execute(f"CREATE SCHEMA {PEER}")
        for migration in migrate.migrations_of("recharges"):
            connection.execute(migration.text)
        connection.execute((Path(__file__).parent / "peer.sql").read_text(encoding="utf-8"))
        connection.execute("CREATE TABLE call_till AS SELECT 0 AS n, gen_random_uuid() AS till_id")
        connection.execute("TRUNCATE call_till")
        for site in sites:
            _open(connection, site)
            _stock(connection, site, count=PEER_VOUCHERS_PER_SITE, pins=None)
            connection.execute(f'CREATE SEQUENCE "voucher_of_{site}" CACHE 1')
        connection.execute("ALTER TABLE cap_month DROP CONSTRAINT cap_held")
        _entitle(connection, people)
        connection.execute("INSERT INTO call_till SELECT row_number() OVER (), till_id FROM till")
        connection.execute(
            "CREATE TABLE call_person AS SELECT row_number() OVER () AS n,"
            " person_ref FROM entitlement"
        )
        connection.execute("CREATE UNIQUE INDEX ON call_till (n)")
        connection.execute("CREATE UNIQUE INDEX ON call_person (n)")
        connection.execute("VACUUM ANALYZE")
