"""What the database of accounts refuses by itself, whatever the code asks of it."""

import re
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from chassis import queries
from kernel.envelope import Envelope
from services.accounts import events
from services.accounts.domain.record import Entry, Kind
from services.accounts.store import log
from tests.fix_stack import TxOf

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Tx = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("accounts")
    opened.execute("INSERT INTO site VALUES ('lyon', 'Foyer', 'Lyon', true, %s)", (NOW,))
    return opened


def add_account(
    tx: Tx,
    *,
    role: str = "admin",
    site_codes: tuple[str, ...] = (),
    operator: str | None = None,
    email: str | None = None,
) -> UUID:
    user_id = uuid4()
    tx.execute(
        "INSERT INTO account (user_id, email, display_name, role, site_codes, operator,"
        " password_hash, created_at) VALUES (%s, %s, 'X', %s, %s, %s, '$argon2id$x', %s)",
        (user_id, email or f"{user_id}@x.example", role, list(site_codes), operator, NOW),
    )
    return user_id


class TestAccount:
    @pytest.mark.parametrize(
        ("values", "error"),
        [
            ({"role": "till_operator"}, errors.CheckViolation),
            ({"role": "referrer", "site_codes": ("lyon",)}, errors.CheckViolation),
            ({"role": "operator_partner"}, errors.CheckViolation),
            ({"role": "admin", "operator": "sfr"}, errors.CheckViolation),
            ({"role": "wizard"}, errors.CheckViolation),
            ({"email": "Capital@x.example"}, errors.CheckViolation),
            ({"role": "mediator", "site_codes": ("atlantis",)}, errors.ForeignKeyViolation),
        ],
    )
    def test_cannot_break_its_scope(
        self, tx: Tx, values: dict[str, Any], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            add_account(tx, **values)

    def test_address_is_one_persons(self, tx: Tx) -> None:
        add_account(tx, email="one@x.example")

        with pytest.raises(errors.UniqueViolation):
            add_account(tx, email="one@x.example")


class TestLog:
    @pytest.mark.parametrize(
        "change", ["UPDATE log_entry SET hash = hash", "DELETE FROM log_entry"]
    )
    def test_is_written_once(self, tx: Tx, change: str) -> None:
        log.add(tx, Entry(kind=Kind.SITE_OPENED, at=NOW, by_user_id=None, user_id=None))

        with pytest.raises(errors.RestrictViolation):
            tx.execute(change.encode())


class TestTill:
    def test_has_one_device_at_a_time(self, tx: Tx) -> None:
        till_id = uuid4()
        tx.execute("INSERT INTO till VALUES (%s, 'lyon', 'Caisse 1')", (till_id,))
        add = "INSERT INTO device (device_id, till_id, enrolled_at) VALUES (%s, %s, %s)"
        tx.execute(add, (uuid4(), till_id, NOW))

        with pytest.raises(errors.UniqueViolation):
            tx.execute(add, (uuid4(), till_id, NOW))


class TestQueries:
    def test_each_is_understood_by_the_database(self, tx: Tx) -> None:
        for name, query in queries.load("services.accounts").items():
            numbers: dict[str, str] = {}
            for named in re.findall(r"%\((\w+)\)s", query):
                numbers.setdefault(named, f"${len(numbers) + 1}")
            numbered = query
            for named, number in numbers.items():
                numbered = numbered.replace(f"%({named})s", number)
            tx.execute(f"PREPARE {name} AS {numbered}".encode())


class TestMigration:
    def test_tells_of_the_users_who_were_there_before(self, tx: Tx) -> None:
        kept, ended = add_account(tx), add_account(tx, role="mediator", site_codes=("lyon",))
        tx.execute(
            "UPDATE account SET disabled_at = %s WHERE user_id = %s",
            (NOW + timedelta(days=1), ended),
        )
        script = resources.files("services.accounts") / "migrations/0002_pre_tell_of_users.sql"

        tx.execute(script.read_text(encoding="utf-8").encode())

        rows = tx.execute(
            "SELECT event_id, type, subject, sequence, site, occurred_at AS time, data FROM outbox"
        ).fetchall()
        told = [Envelope(id=row.pop("event_id"), **row) for row in rows]
        assert {(fact.type, fact.subject, fact.sequence) for fact in told} == {
            (events.UserCreated.TYPE, str(kept), 1),
            (events.UserCreated.TYPE, str(ended), 1),
            (events.UserDisabled.TYPE, str(ended), 2),
        }
        assert [fact.time for fact in told] == [NOW, NOW, NOW + timedelta(days=1)]
        for fact in told:
            user = events.UserCreated.model_validate(fact.data)
            mediator = user.user_id == ended
            assert (user.role, user.site_codes) == (
                ("mediator", ["lyon"]) if mediator else ("admin", [])
            )
