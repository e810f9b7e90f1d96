"""What happens at the same instant ends one way: midnight, a site, a referrer, on real rows."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from kernel.period import PARIS
from kernel.refusal import Refusal
from services.referrals.api import referrals as referral_api
from services.referrals.api.correcting import CorrectIdentity
from services.referrals.handlers import clocks, slips
from services.referrals.handlers.correcting import correct_identity
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import (
    DESK,
    NOW,
    Tx,
    a_caller,
    accept,
    confirm,
    new_id,
    open_site,
    renew,
    submit,
    walk_in,
)

ROUNDS = 20
#: The last instant of a referral, of a walk-in, of an entitlement, and the one after it.
MIDNIGHTS = {
    "referral": datetime(2027, 2, 20, tzinfo=PARIS),
    "walk_in": datetime(2026, 12, 20, tzinfo=PARIS),
    "entitlement": datetime(2027, 8, 20, tzinfo=PARIS),
}
MOMENT = timedelta(seconds=1)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("referrals")


class Rows:
    """Committed rows that several connections work on at once."""

    def __init__(self, schema: Schema) -> None:
        self._url = schema.url

    @contextlib.contextmanager
    def tx(self) -> Iterator[Tx]:
        options = "-c search_path=referrals,public"
        with psycopg.connect(self._url, row_factory=dict_row, options=options) as opened:
            yield opened

    def race(self, *acts: Callable[[Tx], Any]) -> list[str]:
        """Each act in a transaction of its own, all at once; how each ended."""
        together = threading.Barrier(len(acts))

        def run(act: Callable[[Tx], Any]) -> str:
            with self.tx() as tx:
                tx.execute("SELECT 1")
                together.wait(timeout=10)
                try:
                    act(tx)
                except Refusal as refused:
                    tx.rollback()
                    return refused.code
                return "done"

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    def one(self, query: str, value: object) -> dict[str, Any]:
        with self.tx() as tx:
            row = tx.execute(query.encode(), (value,)).fetchone()
        assert row is not None
        return row

    def told(self, subject: object) -> Counter[str]:
        with self.tx() as tx:
            rows = tx.execute("SELECT type FROM outbox WHERE subject = %s", (str(subject),))
            return Counter(row["type"].removeprefix("referrals.") for row in rows)


@pytest.fixture(scope="module")
def rows(schema: Schema) -> Rows:
    made = Rows(schema)
    with made.tx() as tx:
        open_site(tx)
    return made


def state_of(rows: Rows, referral_id: UUID) -> str:
    return str(rows.one("SELECT state FROM referral WHERE referral_id = %s", referral_id)["state"])


class TestMidnight:
    def test_referral_is_accepted_or_lapses(self, rows: Rows) -> None:
        midnight = MIDNIGHTS["referral"]
        for _ in range(ROUNDS):
            with rows.tx() as tx:
                made = submit(tx).referral_id
            answer, _ = rows.race(
                partial(accept, referral_id=made, now=midnight - MOMENT),
                lambda tx: clocks.let_referrals_lapse(tx, now=midnight, new_id=new_id),
            )
            with rows.tx() as tx:
                clocks.let_referrals_lapse(tx, now=midnight, new_id=new_id)

            state = state_of(rows, made)
            assert (answer == "done") == (state == "accepted"), answer
            told = rows.told(made)
            assert told["referral.accepted.v1"] == (state == "accepted")
            assert told["referral.lapsed.v1"] == (state == "lapsed")

    def test_walk_in_is_confirmed_or_ends(self, rows: Rows) -> None:
        midnight = MIDNIGHTS["walk_in"]
        for _ in range(ROUNDS):
            with rows.tx() as tx:
                entered = walk_in(tx)
            me = a_caller("referrer")
            answer, *_ = rows.race(
                partial(confirm, referral_id=entered.referral_id, by=me, now=midnight - MOMENT),
                lambda tx: clocks.end_entitlements(tx, now=midnight, new_id=new_id),
                lambda tx: clocks.let_referrals_lapse(tx, now=midnight, new_id=new_id),
            )
            with rows.tx() as tx:
                clocks.end_entitlements(tx, now=midnight, new_id=new_id)
                clocks.let_referrals_lapse(tx, now=midnight, new_id=new_id)

            confirmed = answer == "done"
            assert state_of(rows, entered.referral_id) == ("accepted" if confirmed else "lapsed")
            entitlement = rows.one(
                "SELECT provisional, ended_at FROM entitlement WHERE person_ref = %s",
                entered.person_ref,
            )
            assert entitlement["provisional"] is not confirmed
            assert (entitlement["ended_at"] is None) is confirmed
            told = rows.told(entered.person_ref)
            assert told["entitlement.renewed.v1"] == confirmed
            assert told["entitlement.ended.v1"] == (not confirmed)

    def test_entitlement_is_renewed_or_ends(self, rows: Rows) -> None:
        midnight = MIDNIGHTS["entitlement"]
        for number in range(ROUNDS):
            person: Any = {"given_name": "Ines", "family_name": "Genêt" + "e" * number}
            with rows.tx() as tx:
                ref = accept(tx, submit(tx, **person).referral_id).person_ref
                again = submit(tx, now=midnight - timedelta(days=9), **person).referral_id
            answer, _ = rows.race(
                partial(renew, person_ref=ref, referral_id=again, now=midnight - MOMENT),
                lambda tx: clocks.end_entitlements(tx, now=midnight, new_id=new_id),
            )
            with rows.tx() as tx:
                clocks.end_entitlements(tx, now=midnight, new_id=new_id)

            told = rows.told(ref)
            assert told["entitlement.renewed.v1"] == (answer == "done")
            assert told["entitlement.ended.v1"] == (answer != "done")


class TestRevoke:
    def test_referral_is_accepted_or_revoked(self, rows: Rows) -> None:
        body = referral_api.RevokeSlip(reason="Perdu")
        for _ in range(ROUNDS):
            with rows.tx() as tx:
                made = submit(tx).referral_id
            answers = rows.race(
                partial(accept, referral_id=made),
                partial(
                    slips.revoke_slip,
                    referral_id=made,
                    body=body,
                    caller=DESK,
                    now=NOW,
                    new_id=new_id,
                ),
            )

            state = state_of(rows, made)
            assert sorted(answers) in (
                ["done", "referrals.referral.out_of_turn"],
                ["done", "referrals.referral.revoked"],
            )
            assert (answers[0] == "done") == (state == "accepted")
            told = rows.told(made)
            assert told["slip.revoked.v1"] == (state == "revoked")
            assert told["referral.accepted.v1"] == (state == "accepted")

    def test_walk_in_of_one_person_at_four_desks_is_one(self, rows: Rows) -> None:
        person: Any = {"given_name": "Malo", "family_name": "Ajonc"}

        answers = rows.race(*[lambda tx: walk_in(tx, **person)] * 4)

        assert sorted(answers) == ["done"] + ["referrals.walk_in.open_already"] * 3

    def test_corrected_one_stands_beside_whoever_is_entered_under_that_name(
        self, rows: Rows
    ) -> None:
        for day in range(1, 9):
            right: Any = {"given_name": "Malo", "family_name": "Fusain"}
            right |= {"birth_date": f"1990-03-0{day}"}
            with rows.tx() as tx:
                known = walk_in(tx).person_ref
            body = CorrectIdentity.model_validate_json(
                json.dumps({"person": right, "reason": "entered_wrongly"})
            )

            answers = rows.race(
                partial(correct_identity, person_ref=known, body=body, caller=DESK, now=NOW),
                partial(submit, **right),
            )

            # Whoever comes second is taken for the first, whose entry is open.
            assert answers in (["done", "done"], ["done", "referrals.walk_in.open_elsewhere"])
            known_first = rows.one(
                "SELECT count(*) FILTER (WHERE NOT namesake) AS first FROM person"
                " WHERE birth_date = %s",
                right["birth_date"],
            )
            assert known_first == {"first": 1}
