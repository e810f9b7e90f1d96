"""Transactions on PostgreSQL for one service, from a bounded pool."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool
from pydantic_core import from_json

from chassis.green import GreenConnection, is_silent
from chassis.settings import Settings
from chassis.steady import SteadyConnection

_STEADY_CONNECTIONS = 2
# It takes half as long as the standard library's.
set_json_loads(from_json)

#: A connection inside a transaction, its rows read as dictionaries.
Transaction = Connection[dict[str, Any]]


class Database:
    """The database of one service: its own role and schema, a bounded number of connections."""

    def __init__(
        self, url: str, *, schema: str, settings: Settings | None = None, steady: bool = False
    ) -> None:
        """Open the pool; `steady` is for few statements run without end.

        Their plans are made once, by index: otherwise PostgreSQL plans most of them at each run,
        which takes as long as running them.
        """
        self.schema = schema
        self._url = url
        limits = settings or Settings.model_construct()
        self._options = (
            f"-c search_path={schema},public -c timezone=UTC"
            f" -c statement_timeout={limits.statement_ms_max}"
            f" -c lock_timeout={limits.lock_wait_ms_max}"
            " -c idle_in_transaction_session_timeout=60000"
            # Compiling a plan takes longer than any statement of ours.
            " -c jit=off"
        )
        if steady:
            self._options += " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
        self._pool: ConnectionPool[GreenConnection] = ConnectionPool(
            url,
            connection_class=SteadyConnection if steady else GreenConnection,
            kwargs=self._connection_arguments(),
            min_size=1,
            max_size=_STEADY_CONNECTIONS if steady else limits.database_connections_max,
            timeout=limits.database_wait_seconds_max,
            max_waiting=limits.http_workers_max,
            # The pause between attempts doubles; giving up early lets the next caller try at once.
            reconnect_timeout=limits.database_wait_seconds_max,
            open=True,
            name=schema,
        )

    def _connection_arguments(self) -> dict[str, Any]:
        return {
            "row_factory": dict_row,
            "options": self._options,
            "application_name": f"relais-{self.schema}",
            "connect_timeout": 5,
            # A server that vanished without a word is given up after this.
            "tcp_user_timeout": 20_000,
            "keepalives_idle": 10,
        }

    @contextmanager
    def transaction(self, *, wait_s: float | None = None) -> Iterator[Transaction]:
        """BEGIN, give the connection, COMMIT; roll back when the block raises."""
        connection = self._take(wait_s)
        try:
            with connection:
                yield connection
        finally:
            self._pool.putconn(connection)

    def _take(self, wait_s: float | None) -> GreenConnection:
        """Take a connection that the server has not ended while it was idle.

        The pool's own `check` pauses for a second after each dead one, while a till waits; there
        are at most as many as the pool holds.
        """
        while True:
            connection = self._pool.getconn(wait_s)
            if is_silent(connection):
                return connection
            connection.close()
            self._pool.putconn(connection)

    def connect(self) -> Transaction:
        """Open a connection of one's own, in autocommit: for listening and advisory locks."""
        return GreenConnection.connect(self._url, autocommit=True, **self._connection_arguments())

    def check(self) -> None:
        """Raise psycopg.OperationalError unless the database answers."""
        with self.transaction(wait_s=2.0) as tx:
            tx.execute("SELECT 1")

    def close(self) -> None:
        """Close every connection."""
        self._pool.close(timeout=2.0)


@contextmanager
def opened(schema: str, *, settings: Settings) -> Iterator[Database]:
    """Open a service's database for one command, where the environment says that it is."""
    database = Database(settings.database_url.get_secret_value(), schema=schema, settings=settings)
    try:
        yield database
    finally:
        database.close()


def assert_hub_is_free(database: Database) -> None:
    """Refuse to run when a waiting query stops every other green thread of the process.

    psycopg blocks eventlet's hub unless PSYCOPG_WAIT_FUNC is set before its first import
    (docs/decisions/0001); a service in that state misses heartbeats and serialises its tills.
    """
    import eventlet

    ticks = 0

    def tick() -> None:
        nonlocal ticks
        while True:
            eventlet.sleep(0.01)
            ticks += 1

    ticker = eventlet.spawn(tick)
    with database.transaction() as tx:
        # The hub was free while the pool opened a connection, whatever psycopg does.
        ticks, started = 0, time.monotonic()
        tx.execute("SELECT pg_sleep(0.2)")
    ticker.kill()
    if ticks < 5:
        waited_ms = round(1000 * (time.monotonic() - started))
        raise RuntimeError(
            f"psycopg blocks the hub: {ticks} ticks in {waited_ms} ms of pg_sleep; "
            "PSYCOPG_WAIT_FUNC=wait_selector must be set before psycopg is imported"
        )
