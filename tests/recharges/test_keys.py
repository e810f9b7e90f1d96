"""Turning the keys that seal PINs: every PIN opens at every instant, and nothing else changes."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from psycopg import errors
from psycopg.rows import dict_row

from deploy.audit import checks
from deploy.local.home import ROOT
from kernel.refusal import Refusal
from services.recharges.domain.delivery import PinKnown
from services.recharges.handlers import keys as handlers
from services.recharges.handlers.keys import (
    IndexKeyWrong,
    KeyMissing,
    PinDamaged,
    Turned,
    TurnRunning,
    turn_keys,
)
from services.recharges.seal import KeyUnknown, PinSeal, Sealed, WrappedKey
from services.recharges.store import keys as store
from tests.fix_service import environment_of
from tests.fix_stack import FreshSchema, Schema
from tests.recharges import shop as shops
from tests.recharges.build import NOON, a_file, a_row, an_order, rows
from tests.recharges.door import committed
from tests.recharges.shop import PIN_KEYS, Shop, connect, done, new_id
from tests.recharges.test_seal import a_key

NEXT_KEYS = f"next:{a_key()},{PIN_KEYS}"
Lines = list[dict[str, str]]


@pytest.fixture
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


@pytest.fixture
def lines(schema: Schema) -> Lines:
    """The lines of a delivery of thirty vouchers, stored."""
    with committed(schema) as shop:
        return shop.stock_up(30)


def turn(
    schema: Schema, *, keys: str = PIN_KEYS, progress: handlers.Progress = lambda *_: None
) -> Turned:
    with connect(schema) as connection:
        connection.autocommit = True
        return turn_keys(
            connection,
            pins=PinSeal(keys),
            new_key_id=f"d{new_id().hex}",
            now=NOON,
            progress=progress,
        )


def clear_pins(schema: Schema, *, keys: str = PIN_KEYS) -> dict[str, str]:
    """Every PIN by its serial, opened with these keys and the data keys alone."""
    pins = PinSeal(keys)
    with committed(schema) as shop:
        found = shop.all("SELECT operator, serial, pin_key_id, pin_sealed, pin_index FROM voucher")
        store.learn(shop.tx, pins, (row["pin_key_id"] for row in found))
        return {
            row["serial"]: pins.open(
                Sealed(row["pin_key_id"], row["pin_sealed"]),
                operator=row["operator"],
                serial=row["serial"],
            )
            for row in found
        }


def said(lines: Lines) -> dict[str, str]:
    return {line["serial"]: line["pin"] for line in lines}


def keys_in_use(schema: Schema) -> set[str]:
    with committed(schema) as shop:
        return {row["pin_key_id"] for row in shop.all("SELECT DISTINCT pin_key_id FROM voucher")}


class TestTurn:
    def test_seals_every_pin_with_a_new_key_and_changes_nothing_else(
        self, schema: Schema, lines: Lines
    ) -> None:
        rest = "SELECT batch_id, position, operator, serial, pin_index FROM voucher ORDER BY 1, 2"
        with committed(schema) as shop:
            before = shop.all(rest)

        turned = turn(schema)

        assert (turned.resealed, turned.left, turned.continued) == (30, 0, False)
        assert keys_in_use(schema) == {turned.key_id}
        assert clear_pins(schema) == said(lines)
        with committed(schema) as shop:
            assert shop.all(rest) == before

    def test_again_takes_yet_another_key(self, schema: Schema, lines: Lines) -> None:
        first, second = turn(schema), turn(schema)

        assert second.key_id != first.key_id
        assert (second.resealed, second.continued) == (30, False)
        assert clear_pins(schema) == said(lines)

    def test_cut_short_goes_on_with_the_same_key(
        self, schema: Schema, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handlers, "_BATCH", 7)

        def stop(done: int, _: int) -> None:
            if done == 14:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            turn(schema, progress=stop)
        assert len(keys_in_use(schema)) == 2
        assert clear_pins(schema) == said(lines)

        turned = turn(schema)

        assert (turned.resealed, turned.left, turned.continued) == (16, 0, True)
        assert keys_in_use(schema) == {turned.key_id}
        assert clear_pins(schema) == said(lines)

    def test_lets_the_older_environment_key_go(
        self, schema: Schema, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert turn(schema).droppable == ()

        turned = turn(schema, keys=NEXT_KEYS)

        next_alone = NEXT_KEYS.partition(",")[0]
        assert turned.droppable == ("test",)
        assert turned.rewrapped == 2  # the data key of the first turn, and the one of the index
        assert clear_pins(schema, keys=next_alone) == said(lines)
        # The index outlives the key it was derived from: twins are still found.
        monkeypatch.setattr(shops, "PINS", PinSeal(next_alone))
        with connect(schema) as tx, pytest.raises(PinKnown):
            Shop(tx=tx).receive(a_file([a_row(pin=lines[0]["pin"])]))

    def test_shows_its_progress_to_the_end(
        self, schema: Schema, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handlers, "_BATCH", 20)
        told: list[tuple[int, int]] = []

        turn(schema, progress=lambda *step: told.append(step))

        assert told == [(0, 30), (20, 30), (30, 30)]


class TestBusyShop:
    def test_sells_and_receives_while_the_keys_are_turned(
        self, schema: Schema, lines: Lines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handlers, "_BATCH", 3)
        with committed(schema) as shop:
            till, person = shop.enrol_till(), shop.entitle(cap_cents=1_000_000)
        sold: dict[str, str] = {}
        arrived: Lines = []
        over = threading.Event()

        def sell() -> None:
            while len(sold) < 30:
                with committed(schema) as shop:
                    (voucher,) = done(shop.sell([an_order(till, person)])[0]).vouchers
                sold[voucher.serial] = voucher.pin

        def receive() -> None:
            while not over.is_set():
                more = rows(5, offer_code="sfr-500mo")
                with committed(schema) as shop:
                    shop.receive(a_file(more))
                arrived.extend(more)

        with ThreadPoolExecutor(2) as crowd:
            tasks = [crowd.submit(sell), crowd.submit(receive)]
            turns = [turn(schema) for _ in range(3)]
            over.set()
            for task in tasks:
                task.result()

        assert [turned.left for turned in turns] == [0, 0, 0]
        assert keys_in_use(schema) == {turns[-1].key_id}
        assert sold == said(lines)
        assert arrived
        assert clear_pins(schema) == said(lines) | said(arrived)

    def test_waits_for_an_import_that_began_with_an_older_key(
        self, schema: Schema, lines: Lines
    ) -> None:
        late = rows(5)
        with ThreadPoolExecutor(1) as other, connect(schema) as tx, connect(schema) as looking:
            Shop(tx=tx).receive(a_file(late))
            turning = other.submit(turn, schema)
            looking.autocommit = True
            while not looking.execute("SELECT FROM pin_key WHERE key_id <> 'index'").rowcount:
                assert not turning.done(), turning.exception()
            time.sleep(0.2)
            assert not turning.done()
            tx.commit()
            turned = turning.result()

        assert (turned.resealed, turned.left) == (35, 0)
        assert clear_pins(schema) == said(lines) | said(late)

    def test_asks_the_database_for_a_key_once(self, schema: Schema, lines: Lines) -> None:
        key_id = turn(schema).key_id
        pins = PinSeal(PIN_KEYS)
        with connect(schema) as tx:
            store.learn(tx, pins, ["test", key_id])
            tx.close()

            store.learn(tx, pins, ["test", key_id])  # on a closed connection

        assert pins.knows(key_id)

    def test_derives_the_keys_of_leases_as_before(self, schema: Schema, lines: Lines) -> None:
        turn(schema)
        key_id = turn(schema, keys=NEXT_KEYS).key_id
        pins = PinSeal(NEXT_KEYS.partition(",")[0])

        with connect(schema) as tx:
            store.learn(tx, pins, [key_id])

        purpose, lease = b"a purpose", b"a lease"
        assert pins.derive(purpose, salt=lease) == PinSeal(PIN_KEYS).derive(purpose, salt=lease)


class TestRefusals:
    def test_of_a_second_turn_at_once(self, schema: Schema, lines: Lines) -> None:
        def again(*_: int) -> None:
            with pytest.raises(TurnRunning):
                turn(schema)

        assert turn(schema, progress=again).left == 0

    @pytest.mark.parametrize(
        ("keys", "kind", "named"),
        [
            (f"other:{a_key()}", KeyMissing, {"key_id": "test"}),
            (f"{PIN_KEYS},index:{a_key()}", IndexKeyWrong, {}),
        ],
    )
    def test_of_keys_that_are_not_all_there_change_nothing(
        self, schema: Schema, lines: Lines, keys: str, kind: type[Refusal], named: dict[str, Any]
    ) -> None:
        with pytest.raises(kind) as refusal:
            turn(schema, keys=keys)

        assert refusal.value.values == named
        assert keys_in_use(schema) == {"test"}
        with committed(schema) as shop:
            assert shop.one("SELECT count(*) FROM pin_key") == 0

    def test_of_a_pin_that_was_changed_names_its_serial(self, schema: Schema, lines: Lines) -> None:
        with committed(schema) as shop:
            shop.tx.execute(
                "UPDATE voucher SET pin_sealed = pin_sealed || '\\x00'::bytea WHERE position = 9"
            )

        with pytest.raises(PinDamaged) as refusal:
            turn(schema)

        assert refusal.value.values == {"operator": "sfr", "serial": lines[8]["serial"]}


class TestWrappedKey:
    def test_opens_under_its_own_name_and_its_own_wrapper_alone(self) -> None:
        pins = PinSeal(PIN_KEYS)
        key = pins.new_key("d1")

        with pytest.raises(KeyUnknown, match="test"):
            PinSeal(f"other:{a_key()}").learn(key)
        with pytest.raises(InvalidTag):
            pins.learn(WrappedKey(key_id="d2", wrapped_by="test", wrapped=key.wrapped))
        pins.learn(key)
        assert pins.knows("d1")
        assert not pins.knows("d2")


@pytest.fixture(scope="module")
def owners(fresh_schema: FreshSchema) -> Iterator[list[Shop]]:
    """The service, the owner of its schema, and the administrator, on a schema in use."""
    schema = fresh_schema("recharges")
    with committed(schema) as shop:
        shop.stock_up(2)
    turn(schema)
    with ExitStack() as opened:
        service, owner, admin = (
            opened.enter_context(open_one(schema))
            for open_one in (connect, shops.connect_as_admin, shops.connect_as_admin)
        )
        owner.execute("SET ROLE recharges_owner")
        owner.commit()
        yield [Shop(tx=service), Shop(tx=owner), Shop(tx=admin)]


class TestTables:
    def test_of_vouchers_takes_a_new_seal_and_no_other_change(self, owners: list[Shop]) -> None:
        for shop in owners:
            columns = {
                row["attname"]
                for row in shop.all(
                    "SELECT attname FROM pg_attribute"
                    " WHERE attrelid = 'voucher'::regclass AND attnum > 0 AND NOT attisdropped"
                )
            }
            for column in columns - {"pin_key_id", "pin_sealed"}:
                with pytest.raises(errors.RestrictViolation), shop.tx.transaction():
                    shop.tx.execute(f"UPDATE voucher SET pin_key_id = 'x', {column} = {column}")
            for statement in ("DELETE FROM voucher", "TRUNCATE voucher CASCADE"):
                with pytest.raises(errors.Error) as refused, shop.tx.transaction():
                    shop.tx.execute(statement)
                assert isinstance(
                    refused.value, errors.RestrictViolation | errors.InsufficientPrivilege
                )
            assert len(columns) == 7
            with shop.tx.transaction(force_rollback=True):
                shop.tx.execute("UPDATE voucher SET pin_key_id = 'x', pin_sealed = pin_sealed")

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM pin_key",
            "TRUNCATE pin_key",
            "UPDATE pin_key SET key_id = key_id",
            "UPDATE pin_key SET made_at = made_at",
        ],
    )
    def test_of_keys_lose_none(self, owners: list[Shop], statement: str) -> None:
        with pytest.raises(errors.RestrictViolation), owners[-1].tx.transaction():
            owners[-1].tx.execute(statement.encode())


def rotate(schema: Schema, home: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.command", "keys", "rotate", *options],
        cwd=ROOT,
        env=environment_of(schema, RELAIS_PIN_KEYS=PIN_KEYS, COLUMNS="200", RELAIS_HOME=str(home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestCommand:
    def test_killed_in_the_middle_goes_on_when_it_is_run_again(
        self, schema: Schema, tmp_path: Path
    ) -> None:
        with committed(schema) as shop:
            lines = shop.stock_up(30_000)
        first = rotate(schema, tmp_path)
        moved = "SELECT count(*) FROM recharges.voucher WHERE pin_key_id <> 'test'"
        with psycopg.connect(schema.admin_url, autocommit=True) as admin:
            until = time.monotonic() + 60
            while not (row := admin.execute(moved).fetchone()) or not row[0]:
                assert time.monotonic() < until
            os.kill(first.pid, 9)
            first.communicate()
        assert len(keys_in_use(schema)) == 2
        assert clear_pins(schema) == said(lines)

        out, err = rotate(schema, tmp_path, "--json").communicate(timeout=120)

        turned = json.loads(out)
        assert turned["continued"] is True
        assert turned["left"] == 0
        assert 0 < turned["resealed"] < 30_000
        assert "Sealing PINs anew" in err
        assert keys_in_use(schema) == {turned["key_id"]}
        assert clear_pins(schema) == said(lines)
        assert not {line["pin"] for line in lines[:100]} & {*out.split(), *err.split()}

    def test_ends_by_saying_that_nothing_is_left(
        self, schema: Schema, lines: Lines, tmp_path: Path
    ) -> None:
        out, err = rotate(schema, tmp_path).communicate(timeout=120)

        assert out.splitlines()[0].startswith("30 vouchers sealed anew in "), err
        assert out.splitlines()[-1] == "No voucher is left under an older key."


class TestAudit:
    def test_opens_what_was_sealed_anew(self, schema: Schema, lines: Lines) -> None:
        turn(schema)
        with psycopg.connect(schema.admin_url, row_factory=dict_row) as admin:
            check = checks._no_pin_in_clear(
                admin, services=["recharges"], pins=PinSeal(PIN_KEYS), logs=None
            )

        assert check.ok
        assert check.examined > len(lines)

    def test_names_a_pin_that_does_not_open(self, schema: Schema, lines: Lines) -> None:
        with psycopg.connect(schema.admin_url, row_factory=dict_row) as admin:
            admin.execute("SET LOCAL session_replication_role = replica")
            [row] = admin.execute(
                "UPDATE recharges.voucher"
                "   SET pin_sealed = set_byte(pin_sealed, 20, get_byte(pin_sealed, 20) # 1)"
                " WHERE (batch_id, position) ="
                "       (SELECT batch_id, position FROM recharges.voucher LIMIT 1)"
                " RETURNING batch_id, position"
            ).fetchall()
            check = checks._no_pin_in_clear(
                admin, services=["recharges"], pins=PinSeal(PIN_KEYS), logs=None
            )
            admin.rollback()

        assert check.examples == (f"voucher {row['batch_id']} {row['position']}",)
