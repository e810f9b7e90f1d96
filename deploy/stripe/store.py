"""The books of the stand-in: one SQLite file, one transaction a request."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.stripe.desk import Document
from deploy.stripe.errors import missing
from deploy.stripe.weather import BadDay, due_times

API_VERSION = "2026-10-28.endive"
KEYS_KEPT_S = 86_400
#: How long after each failed delivery the next one follows; after the last, nobody tells any more.
RETRY_DELAYS_S = (0.2, 0.5, 1, 2, 4, 8, 15, 30, 60, 60)

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, body TEXT
);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, seq);
CREATE TABLE IF NOT EXISTS kept_answer (
    account TEXT, key TEXT, fingerprint TEXT, status INTEGER, body TEXT,
    request_id TEXT, at INTEGER,
    PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT, due REAL, attempts INTEGER, state TEXT
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due, seq) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS bad_day (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What an Idempotency-Key was answered the first time, and to which request."""

    fingerprint: str
    status: int
    body: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to whoever hears."""

    seq: int
    event_id: str
    due: float
    attempts: int


class Books:
    """The file; one request at a time writes or reads it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # The system keeps what a killed process wrote: no need to wait for the disk.
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self._connection.executescript(SCHEMA)
        self._one_at_a_time = threading.Lock()
        self.sent = threading.Event()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def desk(self, *, request_id: str = "", key: str | None = None) -> Iterator["StoredDesk"]:
        """One transaction; an exception undoes it."""
        with self._one_at_a_time:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                desk = StoredDesk(self._connection, request={"id": request_id, "key": key})
                yield desk
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        if desk.has_sent:
            self.sent.set()


class StoredDesk:
    """The desk of one request, within its transaction."""

    def __init__(self, connection: sqlite3.Connection, *, request: Document) -> None:
        self._connection = connection
        self._request = request
        self._instant = time.time()
        self.now = int(self._instant)
        self.has_sent = False

    def new_id(self, prefix: str) -> str:
        """An identifier that nobody has."""
        return f"{prefix}_{secrets.token_hex(12)}"

    def find(self, identifier: str) -> Document | None:
        """The object of that identifier, of whatever kind."""
        row = self._one("SELECT body FROM object WHERE id = ?", identifier)
        return json.loads(row[0]) if row else None

    def need(self, kind: str, identifier: str, *, param: str | None = None) -> Document:
        """That object, or a refusal."""
        found = self.find(identifier)
        if found is None or found["object"] != kind:
            raise missing(kind, identifier, param=param)
        return found

    def save(self, document: Document) -> Document:
        """Stores an object, new or changed."""
        self._connection.execute(
            "INSERT INTO object (id, kind, body) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (document["id"], document["object"], json.dumps(document)),
        )
        return document

    def newest(self, kind: str, *, before: str = "", after: str = "") -> Iterator[Document]:
        """Objects of a kind, newest first; those made after one of them come oldest first."""
        bound, order = ("seq > (SELECT seq FROM object WHERE id = ?)", "ASC")
        if not after:
            bound, order = ("(? = '' OR seq < (SELECT seq FROM object WHERE id = ?1))", "DESC")
        rows = self._connection.execute(
            f"SELECT body FROM object WHERE {bound} AND kind = ? ORDER BY seq {order}",  # noqa: S608
            (after or before, kind),
        )
        for (body,) in rows:
            yield json.loads(body)

    def tell(self, event_type: str, document: Document) -> None:
        """Records an event and, as the weather is, its deliveries."""
        event: Document = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": {"object": document},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": self._request["id"], "idempotency_key": self._request["key"]},
            "type": event_type,
        }
        self.save(event)
        day = self.take_bad_day(lambda each: each.is_of_webhooks)
        for due in due_times(day, now=self._instant):
            self.send(event["id"], due=due)

    def send(self, event_id: str, *, due: float = 0.0) -> None:
        """Puts an event on its way."""
        self.has_sent = True
        self._connection.execute(
            "INSERT INTO delivery (event_id, due, attempts, state) VALUES (?, ?, 0, 'pending')",
            (event_id, due or self._instant),
        )

    def next_delivery(self) -> Delivery | None:
        """What is due first, if not yet."""
        row = self._one(
            "SELECT seq, event_id, due, attempts FROM delivery "
            "WHERE state = 'pending' ORDER BY due, seq LIMIT 1"
        )
        return Delivery(seq=row[0], event_id=row[1], due=row[2], attempts=row[3]) if row else None

    def delivered(self, delivery: Delivery) -> None:
        """It was heard."""
        self._set_delivery(delivery, state="delivered", due=delivery.due)

    def try_again(self, delivery: Delivery) -> None:
        """It was not heard: later again, a bounded number of times."""
        if delivery.attempts == len(RETRY_DELAYS_S):
            self._set_delivery(delivery, state="given_up", due=delivery.due)
            return
        due = self._instant + RETRY_DELAYS_S[delivery.attempts]
        self._set_delivery(delivery, state="pending", due=due)

    def deliveries(self) -> list[Document]:
        """Every delivery, in the order of its event."""
        rows = self._connection.execute(
            "SELECT event_id, json_extract(body, '$.type'), state, attempts "
            "FROM delivery JOIN object ON object.id = event_id ORDER BY delivery.seq"
        )
        names = ("event", "type", "state", "attempts")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def kept_answer(self, account: str, key: str) -> KeptAnswer | None:
        """What this key was answered; keys are forgotten after a day."""
        self._connection.execute("DELETE FROM kept_answer WHERE at < ?", (self.now - KEYS_KEPT_S,))
        row = self._one(
            "SELECT fingerprint, status, body, request_id FROM kept_answer "
            "WHERE account = ? AND key = ?",
            account,
            key,
        )
        names = ("fingerprint", "status", "body", "request_id")
        return KeptAnswer(**dict(zip(names, row, strict=True))) if row else None

    def keep_answer(self, account: str, key: str, answer: KeptAnswer) -> None:
        """From now on this key has this answer."""
        self._connection.execute(
            "INSERT INTO kept_answer VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account,
                key,
                answer.fingerprint,
                answer.status,
                answer.body,
                answer.request_id,
                self.now,
            ),
        )

    def forget_keys(self) -> None:
        """As if a day had passed."""
        self._connection.execute("DELETE FROM kept_answer")

    def bad_days(self) -> list[BadDay]:
        """Those that are not over, in the order announced."""
        return [day for _, day in self._bad_days()]

    def announce(self, day: BadDay) -> None:
        """A bad day begins."""
        self._connection.execute("INSERT INTO bad_day (body) VALUES (?)", (day.to_json(),))

    def end_bad_days(self) -> None:
        """Fair weather; what is held back is told now."""
        self.has_sent = True
        self._connection.execute("DELETE FROM bad_day")
        self._connection.execute(
            "UPDATE delivery SET due = min(due, ?) WHERE state = 'pending'", (self._instant,)
        )

    def take_bad_day(self, matches: Callable[[BadDay], bool]) -> BadDay | None:
        """The first bad day that matches, counted down by one."""
        for seq, day in self._bad_days():
            if matches(day):
                after = day.counted_down(now=self._instant)
                if after.count:
                    self._connection.execute(
                        "UPDATE bad_day SET body = ? WHERE seq = ?", (after.to_json(), seq)
                    )
                else:
                    self._connection.execute("DELETE FROM bad_day WHERE seq = ?", (seq,))
                return after
        return None

    def _bad_days(self) -> list[tuple[int, BadDay]]:
        rows = self._connection.execute("SELECT seq, body FROM bad_day ORDER BY seq")
        return [(seq, BadDay.from_json(body)) for seq, body in rows]

    def _set_delivery(self, delivery: Delivery, *, state: str, due: float) -> None:
        self._connection.execute(
            "UPDATE delivery SET state = ?, due = ?, attempts = attempts + 1 WHERE seq = ?",
            (state, due, delivery.seq),
        )

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        return row
