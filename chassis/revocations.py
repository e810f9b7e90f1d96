"""Whose access has ended: tokens that every service refuses although they have not expired.

accounts tells `accounts.access.ended.v1` of a session, a user or a device.  Every service keeps
what it hears in its own table `access_ended`, and each of its processes holds that in memory: it
is read at start, again at each NOTIFY, and every few seconds in case one got lost.  A token is
looked up in memory alone, so that no caller waits for it, and what was heard holds while the bus
and the database are away (docs/decisions/0016).
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Event
from typing import ClassVar, Literal, Protocol
from uuid import UUID

import psycopg
from psycopg import sql

from chassis.backoff import Backoff
from chassis.columns import column
from chassis.db import Database, Transaction
from chassis.facts import Heard

_log = logging.getLogger(__name__)

_KEEP = """
INSERT INTO access_ended (subject_id, kind, issued_before, expires_at)
SELECT subject_id, max(kind), max(issued_before), max(expires_at)
  FROM unnest(%(subject_ids)s::uuid[], %(kinds)s::text[], %(issued_before)s::timestamptz[],
              %(expires_at)s::timestamptz[]) AS told (subject_id, kind, issued_before, expires_at)
 GROUP BY subject_id
 ORDER BY subject_id
    ON CONFLICT (subject_id) DO UPDATE
   SET issued_before = GREATEST(access_ended.issued_before, EXCLUDED.issued_before),
       expires_at    = GREATEST(access_ended.expires_at, EXCLUDED.expires_at)
"""

# Once the tokens in question have expired by themselves, there is nothing left to refuse.
_FORGET = """
DELETE FROM access_ended
 WHERE subject_id IN (SELECT subject_id
                        FROM access_ended
                       WHERE expires_at <= clock_timestamp()
                         FOR UPDATE SKIP LOCKED)
"""

_NOTIFY = "SELECT pg_notify('relais_access_' || current_schema(), '')"

_LOAD = "SELECT subject_id, issued_before FROM access_ended WHERE expires_at > now()"


class Ending(Protocol):
    """Tokens of one subject that were issued before an instant; the last expires at another."""

    @property
    def kind(self) -> str: ...
    @property
    def subject_id(self) -> UUID: ...
    @property
    def issued_before(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime: ...


class AccessEnded(Heard):
    """What accounts tells of whose access has ended."""

    TYPE: ClassVar[str] = "accounts.access.ended.v1"

    kind: Literal["session", "user", "device"]
    subject_id: UUID
    issued_before: datetime
    expires_at: datetime


def keep(tx: Transaction, ended: Sequence[Ending]) -> None:
    """Keep endings in this service's table and wake its processes once this commits."""
    tx.execute(
        _KEEP,
        {
            "subject_ids": column(each.subject_id for each in ended),
            "kinds": column(each.kind for each in ended),
            "issued_before": column(each.issued_before for each in ended),
            "expires_at": column(each.expires_at for each in ended),
        },
    )
    tx.execute(_FORGET)
    tx.execute(_NOTIFY)


def load(tx: Transaction) -> Mapping[UUID, float]:
    """Read, for each subject, before which instant its tokens are refused."""
    return {row["subject_id"]: row["issued_before"].timestamp() for row in tx.execute(_LOAD)}


class Watch:
    """Holds in memory what the table says; `run` is its thread."""

    def __init__(self, database: Database, *, poll_s: float) -> None:
        self._database = database
        self._poll_s = poll_s
        self._before: Mapping[UUID, float] = {}
        self._stopping = Event()

    def is_ended(self, subject_id: UUID | None, *, issued_at: float) -> bool:
        """Say whether a token of this subject was issued before its access ended."""
        before = self._before.get(subject_id) if subject_id is not None else None
        return before is not None and issued_at < before

    def read(self) -> None:
        """Read the table once."""
        with self._database.transaction() as tx:
            self._before = load(tx)

    def run(self) -> None:
        """Follow the table until `stop`; while the database is away, what is known holds."""
        trouble = Backoff()
        while not self._stopping.is_set():
            try:
                with self._database.connect() as connection:
                    self._follow(connection, trouble)
            except psycopg.OperationalError as error:
                if trouble.failures == 0:
                    _log.warning("endings of access not read", extra={"reason": str(error)})
                self._stopping.wait(trouble.next_s())

    def stop(self) -> None:
        """Ask `run` to return."""
        self._stopping.set()

    def _follow(self, connection: Transaction, trouble: Backoff) -> None:
        channel = f"relais_access_{self._database.schema}"
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        while not self._stopping.is_set():
            self._before = load(connection)
            trouble.reset()
            for _ in connection.notifies(timeout=self._poll_s, stop_after=1):
                pass
