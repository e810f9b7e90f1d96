"""The ends of tills' chains, kept where a till cannot rewrite them."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from kernel.envelope import Envelope
from services.settlement.domain.anchor import AnchorContradicted
from tests.fix_stack import FreshSchema, TxOf
from tests.settlement.build import a_closing, an_id
from tests.settlement.bus import deliver

Tx = psycopg.Connection[dict[str, Any]]
KNOWN, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    return tx_of("settlement")


def kept(tx: Tx) -> list[tuple[str, int, bytes]]:
    rows = tx.execute("SELECT kind, sequence, hash FROM anchor ORDER BY kind, sequence, hash")
    return [(row["kind"], row["sequence"], bytes(row["hash"])) for row in rows]


def one(sequence: int, hash: bytes, *, name: object = None, till: str = "till") -> Envelope:
    return a_closing(name or (sequence, hash), till=till, anchors=[("ticket", sequence, hash)])


class TestAnchors:
    def test_of_a_closing_are_kept_with_their_hashes(self, tx: Tx) -> None:
        deliver(tx, [a_closing(anchors=[("ticket", 7, KNOWN), ("grand_total", 1, OTHER)])])

        assert kept(tx) == [("grand_total", 1, OTHER), ("ticket", 7, KNOWN)]
        [row] = tx.execute("SELECT DISTINCT till_id, closing_id FROM anchor")
        assert row == {"till_id": an_id("till"), "closing_id": an_id("closing")}

    def test_told_again_change_nothing(self, tx: Tx) -> None:
        deliver(tx, [one(7, KNOWN), one(8, OTHER)])

        deliver(tx, [one(8, OTHER, name="month"), one(7, KNOWN, name="again")])

        assert kept(tx) == [("ticket", 7, KNOWN), ("ticket", 8, OTHER)]
        assert len(tx.execute("SELECT DISTINCT closing_id FROM anchor").fetchall()) == 2

    def test_of_an_empty_chain_are_none(self, tx: Tx) -> None:
        deliver(tx, [a_closing(anchors=[("duplicate", 0, b""), ("ticket", 7, KNOWN)])])

        assert kept(tx) == [("ticket", 7, KNOWN)]

    def test_without_a_hash_are_refused(self, tx: Tx) -> None:
        with pytest.raises(errors.CheckViolation):
            deliver(tx, [a_closing(anchors=[("ticket", 7, b"")])])

    def test_of_another_till_are_other_chains(self, tx: Tx) -> None:
        deliver(tx, [one(7, KNOWN), one(7, OTHER, till="another till")])

        assert kept(tx) == [("ticket", 7, KNOWN), ("ticket", 7, OTHER)]

    @pytest.mark.parametrize("together", [True, False])
    def test_with_another_hash_for_a_known_record_are_refused(self, tx: Tx, together: bool) -> None:
        known, forged = one(7, KNOWN), one(7, OTHER)
        if not together:
            deliver(tx, [known])

        with pytest.raises(AnchorContradicted, match="for its ticket 7"), tx.transaction():
            deliver(tx, [known, forged] if together else [one(8, KNOWN), forged])

        assert kept(tx) == ([] if together else [("ticket", 7, KNOWN)])

    @pytest.mark.parametrize(
        "change", ["UPDATE {} SET closing_id = till_id", "DELETE FROM {}", "TRUNCATE {}"]
    )
    def test_stay_even_for_an_administrator(self, fresh_schema: FreshSchema, change: str) -> None:
        with (
            psycopg.connect(fresh_schema("settlement").admin_url) as admin,
            pytest.raises(errors.RestrictViolation),
        ):
            admin.execute(change.format("settlement.anchor"))
