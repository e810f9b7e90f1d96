"""One process at a time does what must not be done twice at once: an advisory lock says which."""

import contextlib

import psycopg

from chassis.db import Database, Transaction

_TRY = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS leads"


class Leader:
    """The right to one task of one service, held as long as a connection of its own lives.

    The lock belongs to the session: a process that dies, or whose connection does, loses it at
    once, and cannot write through that connection any more.
    """

    def __init__(self, database: Database, *, task: str) -> None:
        self._database = database
        self._name = f"relais:{database.schema}:{task}"
        self._connection: Transaction | None = None
        self._leads = False

    def connection(self) -> Transaction | None:
        """Return the leader's connection, in autocommit; None while another process leads."""
        if self._connection is None or self._connection.closed:
            self.resign()
            self._connection = self._database.connect()
        if not self._leads:
            row = self._connection.execute(_TRY, (self._name,)).fetchone()
            self._leads = bool(row and row["leads"])
        return self._connection if self._leads else None

    def leads(self) -> bool:
        """Say whether this process leads, having asked the database over the leading connection."""
        try:
            connection = self.connection()
            if connection is not None:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            self.resign()
            raise
        return connection is not None

    def resign(self) -> None:
        """Give the lock back by closing the connection."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()
