"""One key, one effect, one answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from chassis import idempotency
from chassis.auth import Caller, OtherSite, RoleNotAllowed
from chassis.idempotency import KeyMissing, KeyReused
from kernel.refusal import Refusal
from tests.fix_stack import FreshSchema, Schema

Tx = psycopg.Connection[DictRow]
HASH, OTHER = b"\x01" * 32, b"\x02" * 32


def caller(role: str, *site_codes: str) -> Caller:
    return Caller(user_id=uuid4(), role=role, site_codes=frozenset(site_codes))


DESK = caller("till_operator", "saint-denis")


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


class TestKeyFrom:
    @pytest.mark.parametrize("key", ["a", "k" * 200, "{}\"'\\;--", "8f14e45f-ceea"])
    def test_takes_visible_signs(self, key: str) -> None:
        assert idempotency.key_from(key) == key

    @pytest.mark.parametrize("key", [None, "", "k" * 201, "two words", "é", "a\n", "\x00"])
    def test_refuses_a_missing_or_invisible_one(self, key: str | None) -> None:
        with pytest.raises(KeyMissing):
            idempotency.key_from(key)


class TestRequestHash:
    @given(
        one=st.lists(st.text(max_size=3), min_size=1, max_size=4),
        other=st.lists(st.text(max_size=3), min_size=1, max_size=4),
    )
    def test_is_the_same_for_the_same_parts_only(self, one: list[str], other: list[str]) -> None:
        hashes = idempotency.request_hash(*one), idempotency.request_hash(*other)

        assert (hashes[0] == hashes[1]) == (one == other)

    def test_tells_where_one_part_ends(self) -> None:
        assert idempotency.request_hash("ab", "c") != idempotency.request_hash("a", "bc")


class TestClaim:
    def test_is_free_the_first_time_and_answered_the_second(self, tx: Tx) -> None:
        answer = '{"b": 1.0, "a": "é"}'

        assert idempotency.claim(tx, key="k", request_hash=HASH, caller=DESK) is None
        idempotency.keep(tx, key="k", status=201, answer=answer)

        assert idempotency.claim(tx, key="k", request_hash=HASH, caller=DESK) == (201, answer)

    def test_refuses_another_request(self, tx: Tx) -> None:
        idempotency.claim(tx, key="k", request_hash=HASH, caller=DESK)
        idempotency.keep(tx, key="k", status=201, answer="{}")

        with pytest.raises(KeyReused):
            idempotency.claim(tx, key="k", request_hash=OTHER, caller=DESK)

    @pytest.mark.parametrize(
        ("then", "now", "refusal"),
        [
            (DESK, DESK, None),
            (DESK, caller("till_operator", "lyon", "saint-denis"), None),
            (DESK, caller("admin"), None),
            (DESK, caller("till_operator", "lyon"), OtherSite),
            (caller("site_manager", "lyon", "saint-denis"), DESK, OtherSite),
            (caller("admin"), caller("admin"), None),
            (caller("admin"), DESK, RoleNotAllowed),
            (caller("referrer"), caller("referrer"), None),
        ],
    )
    def test_is_answered_again_to_who_works_where_they_did(
        self, tx: Tx, then: Caller, now: Caller, refusal: type[Refusal] | None
    ) -> None:
        idempotency.claim(tx, key="k", request_hash=HASH, caller=then)
        idempotency.keep(tx, key="k", status=201, answer="{}")

        with nullcontext() if refusal is None else pytest.raises(refusal):
            again = idempotency.claim(tx, key="k", request_hash=HASH, caller=now)
            assert again == (201, "{}")

    @pytest.mark.parametrize("committed", [True, False])
    def test_waits_for_the_request_that_came_first(self, schema: Schema, committed: bool) -> None:
        key = str(uuid4())
        with connect(schema) as first, connect(schema) as second, ThreadPoolExecutor(1) as other:
            idempotency.claim(first, key=key, request_hash=HASH, caller=DESK)
            waiting = other.submit(
                idempotency.claim, second, key=key, request_hash=HASH, caller=DESK
            )
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            idempotency.keep(first, key=key, status=201, answer="{}")
            if committed:
                first.commit()
            else:
                first.rollback()

            assert waiting.result(timeout=20) == ((201, "{}") if committed else None)

    def test_goes_with_a_command_that_was_refused(self, schema: Schema) -> None:
        key = str(uuid4())
        for request_hash in (HASH, OTHER):  # decision 0007: judged anew, even with another body
            with connect(schema) as tx:
                assert (
                    idempotency.claim(tx, key=key, request_hash=request_hash, caller=DESK) is None
                )
                tx.rollback()
