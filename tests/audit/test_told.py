"""What was told was heard: each fact has one ending with each hearer, and users are known alike.

Two services share a database here; the audit's question is the same however many there are.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from chassis import migrate, parking
from chassis.topology import Topology
from deploy.audit import checks
from deploy.local import postgres
from kernel.envelope import Envelope
from tests.fix_stack import PASSWORD, Servers

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SERVICES = ("accounts", "referrals")
OPENED = "accounts.site.opened.v1"
HEARER = "referrals.on_site_opened"
Tx = psycopg.Connection[dict[str, Any]]


@pytest.fixture(scope="module")
def database_url(servers: Servers) -> str:
    name = f"audit_{secrets.token_hex(4)}"
    postgres.make_database(servers.admin_url(), name=name)
    url = servers.admin_url(database=name)
    for service in SERVICES:
        migrate.provision(url, service=service, password=PASSWORD)
        migrate.migrate(url, service=service)
    return url


@pytest.fixture
def tx(database_url: str) -> Iterator[Tx]:
    with psycopg.connect(database_url, row_factory=dict_row) as tx:
        yield tx
        tx.rollback()


def tell(tx: Tx) -> Envelope:
    subject = f"site-{secrets.token_hex(4)}"
    fact = Envelope(
        id=uuid4(),
        type=OPENED,
        subject=subject,
        site=subject,
        time=NOW,
        data={"site_code": subject},
    )
    tx.execute(
        "INSERT INTO accounts.outbox (event_id, type, subject, sequence, site, occurred_at, data)"
        " VALUES (%s, %s, %s, 1, %s, %s, '{}')",
        (fact.id, fact.type, subject, subject, NOW),
    )
    return fact


def handle(tx: Tx, fact: Envelope, *, consumer: str = HEARER) -> None:
    tx.execute(
        "INSERT INTO referrals.inbox (consumer, event_id, type, ending)"
        " VALUES (%s, %s, %s, 'applied')",
        (consumer, fact.id, fact.type),
    )


def park(tx: Tx, fact: Envelope, *, consumer: str = HEARER) -> int:
    """Put a delivery aside as the chassis does; gives its number."""
    tx.execute("SET LOCAL search_path TO referrals")
    parking.park(
        tx,
        consumer=consumer,
        body=fact.to_json(),
        reason="crashed",
        detail="it went wrong",
        headers={},
        attempts=5,
    )
    row = tx.execute("SELECT max(parked_id) AS parked_id FROM parked_delivery").fetchone()
    assert row is not None
    number: int = row["parked_id"]
    return number


def ended(tx: Tx) -> tuple[int, int, int]:
    found = checks.facts_handled_once(tx, services=SERVICES)
    return found.examined, found.broken, found.discarded


class TestFact:
    def test_is_heard_in_this_database_by_one_handler(self) -> None:
        heard = Topology.read().subscriptions[OPENED]

        assert [queue for queue in heard if queue.startswith("referrals.")] == [HEARER]

    def test_that_was_handled_has_ended(self, tx: Tx) -> None:
        handle(tx, tell(tx))

        assert ended(tx) == (1, 0, 0)

    def test_that_nobody_handled_has_not(self, tx: Tx) -> None:
        fact = tell(tx)
        handle(tx, fact, consumer="referrals.on_something_else")

        assert ended(tx) == (1, 1, 0)

    def test_that_is_parked_has_not(self, tx: Tx) -> None:
        park(tx, tell(tx))

        assert ended(tx) == (1, 1, 0)

    def test_that_a_person_discarded_has_ended_and_is_counted_apart(self, tx: Tx) -> None:
        handle(tx, tell(tx))
        number = park(tx, tell(tx))
        parking.settle(tx, number, state="discarded", who="Romane", why="a site that never was")

        found = checks.facts_handled_once(tx, services=SERVICES)

        assert (found.examined, found.broken, found.discarded) == (2, 0, 1)
        assert found.ok

    def test_that_was_replayed_must_be_handled_as_well(self, tx: Tx) -> None:
        fact = tell(tx)
        parking.settle(tx, park(tx, fact), state="replayed", who="Romane", why="mended")
        assert ended(tx) == (1, 1, 0)

        handle(tx, fact)
        assert ended(tx) == (1, 0, 0)

    def test_discarded_for_one_handler_is_still_owed_to_another(self, tx: Tx) -> None:
        number = park(tx, tell(tx), consumer="referrals.on_something_else")
        parking.settle(tx, number, state="discarded", who="Romane", why="not theirs")

        assert ended(tx) == (1, 1, 0)

    def test_handled_and_discarded_has_ended_once(self, tx: Tx) -> None:
        fact = tell(tx)
        handle(tx, fact)
        for _ in range(2):
            number = park(tx, fact)
            parking.settle(tx, number, state="discarded", who="Romane", why="a second delivery")

        assert ended(tx) == (1, 0, 0)


class TestUser:
    def add(self, tx: Tx) -> UUID:
        user_id = uuid4()
        tx.execute(
            "INSERT INTO accounts.account (user_id, email, display_name, role, site_codes,"
            " password_hash, created_at)"
            " VALUES (%s, %s, 'X', 'referrer', '{}', '$argon2id$x', %s)",
            (user_id, f"{user_id}@x.example", NOW),
        )
        return user_id

    def known(self, tx: Tx) -> tuple[int, int]:
        row = tx.execute(checks.SQL["users_are_known_alike"]).fetchone()
        assert row is not None
        return row["examined"], len(row["broken"] or ())

    def hear(self, tx: Tx, user_id: UUID, *, role: str = "referrer") -> None:
        tx.execute(
            "INSERT INTO referrals.told_user (user_id, role) VALUES (%s, %s)", (user_id, role)
        )

    def test_is_known_alike(self, tx: Tx) -> None:
        tx.execute("SET LOCAL search_path TO accounts")
        self.hear(tx, self.add(tx))

        assert self.known(tx) == (1, 0)

    def test_is_not_when_unheard_of_invented_other_or_ended(self, tx: Tx) -> None:
        tx.execute("SET LOCAL search_path TO accounts")
        self.add(tx)
        self.hear(tx, uuid4())
        self.hear(tx, self.add(tx), role="mediator")
        ended = self.add(tx)
        self.hear(tx, ended)
        tx.execute("UPDATE account SET disabled_at = %s WHERE user_id = %s", (NOW, ended))

        assert self.known(tx) == (4, 4)
