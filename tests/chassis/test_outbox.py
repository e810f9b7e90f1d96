"""Facts in the transaction that caused them: numbered, complete, and announced once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import DictRow, dict_row

from chassis import outbox
from kernel.envelope import Envelope
from tests.fix_stack import FreshSchema, Schema

Tx = psycopg.Connection[DictRow]
AT = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


def connect(schema: Schema) -> Tx:
    return psycopg.connect(
        schema.url, row_factory=dict_row, options="-c search_path=recharges,public"
    )


@pytest.fixture
def tx(schema: Schema) -> Iterator[Tx]:
    with connect(schema) as tx:
        yield tx
        tx.rollback()


def a_fact(subject: str, **changes: Any) -> Envelope:
    values: dict[str, Any] = {
        "id": uuid4(),
        "type": "recharges.sale.completed.v1",
        "subject": subject,
        "site": "antony",
        "time": AT,
        "data": {},
    }
    return Envelope(**(values | changes))


def sequences(tx: Tx, subject: str) -> list[tuple[int, int]]:
    rows = tx.execute(
        "SELECT sequence, (data ->> 'n')::int AS n FROM outbox WHERE subject = %s"
        " ORDER BY position",
        (subject,),
    )
    return [(row["sequence"], row["n"]) for row in rows]


class TestAppend:
    def test_numbers_the_facts_of_each_subject_in_the_order_told(self, tx: Tx) -> None:
        outbox.append(tx, [a_fact(who, data={"n": n}) for n, who in enumerate("abaab")])
        outbox.append(tx, [a_fact("a", data={"n": 5})])

        assert sequences(tx, "a") == [(1, 0), (2, 2), (3, 3), (4, 5)]
        assert sequences(tx, "b") == [(1, 1), (2, 4)]

    def test_keeps_all_that_a_fact_says(self, tx: Tx) -> None:
        fact = a_fact(
            'sub"ject\\{,}',
            data={"label": 'Crédit "15 €" \\ {a,b}\n\u2028', "n": 2**53, "none": None, "l": [1]},
            caused_by=uuid4(),
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )

        outbox.append(tx, [fact])

        row = tx.execute("SELECT * FROM outbox WHERE event_id = %s", (fact.id,)).fetchone()
        assert row is not None
        kept = Envelope(
            id=row["event_id"],
            type=row["type"],
            subject=row["subject"],
            site=row["site"],
            time=row["occurred_at"],
            data=row["data"],
            sequence=0,
            caused_by=row["caused_by"],
            traceparent=row["traceparent"],
        )
        assert kept == fact
        assert (row["published_at"], row["attempts"]) == (None, 0)

    def test_of_nothing_does_nothing(self, tx: Tx) -> None:
        outbox.append(tx, [])

        assert tx.info.transaction_status is psycopg.pq.TransactionStatus.IDLE

    def test_is_announced_once_and_only_when_it_is_committed(self, schema: Schema) -> None:
        with psycopg.connect(schema.url, autocommit=True) as listening:
            listening.execute("LISTEN relais_outbox_recharges")
            with connect(schema) as tx:
                outbox.append(tx, [a_fact(str(uuid4())) for _ in range(3)])
                outbox.append(tx, [a_fact(str(uuid4()))])
                assert list(listening.notifies(timeout=0.2)) == []
            with connect(schema) as tx:
                outbox.append(tx, [a_fact(str(uuid4()))])
                tx.rollback()

            heard = list(listening.notifies(timeout=1.0))
        assert [notice.channel for notice in heard] == ["relais_outbox_recharges"]

    def test_of_one_subject_by_two_writers_at_once_never_shares_a_number(
        self, schema: Schema
    ) -> None:
        subject = str(uuid4())
        with connect(schema) as one, connect(schema) as other:
            outbox.append(one, [a_fact(subject)])
            other.execute("SET lock_timeout = '100ms'")
            with pytest.raises(errors.LockNotAvailable):  # it waits for the first to commit
                outbox.append(other, [a_fact(subject)])
            other.rollback()
            one.commit()

            outbox.append(other, [a_fact(subject)])
            found = other.execute(
                "SELECT sequence FROM outbox WHERE subject = %s ORDER BY 1", (subject,)
            ).fetchall()
        assert [row["sequence"] for row in found] == [1, 2]
