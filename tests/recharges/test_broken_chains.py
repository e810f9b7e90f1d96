"""A journal that somebody changed behind the triggers: the till is frozen, nothing is summed."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import psycopg
import pytest

from deploy.audit import checks
from services.recharges.domain.journal import Kind, Period
from services.recharges.domain.sale import TillFrozen
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import NOON
from tests.recharges.desk import Desk, a_desk
from tests.recharges.shop import Shop, connect, connect_as_admin


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


@pytest.fixture
def desk(schema: Schema) -> Iterator[Desk]:
    """A till that sold twice."""
    with connect(schema) as tx:
        desk = a_desk(Shop(tx=tx), vouchers=2)
        desk.sell()
        desk.sell()
        tx.commit()
        yield desk
        tx.rollback()


def tamper(schema: Schema, desk: Desk, change: str) -> None:
    with connect_as_admin(schema) as admin:
        admin.execute("SET session_replication_role = 'replica'")
        done = admin.execute(f"{change} AND till_id = '{desk.till_id}'".encode())
        assert done.rowcount == 1


@pytest.fixture
def broken(schema: Schema, desk: Desk) -> Desk:
    """The same, its first ticket changed."""
    tamper(
        schema,
        desk,
        'UPDATE journal SET record = replace(record, \'"label":"Re\', \'"label":"RE\')'
        " WHERE sequence = 1 AND kind = 'ticket'",
    )
    return desk


class TestBrokenChain:
    def test_freezes_the_till_and_closes_nothing(self, broken: Desk) -> None:
        counted = broken.close(broken.session(), 500)

        assert (counted.state, counted.waits_for) == ("counted", "inspection")
        assert broken.closings() == []
        assert broken.events()[-1] == "chain_broken"
        told = broken.shop.one(
            "SELECT record FROM journal WHERE till_id = %s AND kind = 'event'"
            " ORDER BY sequence DESC LIMIT 1",
            broken.till_id,
        )
        assert json.loads(told)["details"] == {"kind": "ticket", "sequence": 1}
        assert broken.till()["frozen_why"] == "chain_broken"
        with pytest.raises(TillFrozen):
            broken.close_period(Period.DAY)

    def test_is_told_once_however_often_the_clock_ticks(self, broken: Desk) -> None:
        night = broken.at(NOON + timedelta(days=1))

        assert [night.tick() for _ in range(3)] == [0, 0, 0]
        assert night.events().count("chain_broken") == 1

    def test_is_closed_over_once_somebody_has_released_the_till(self, broken: Desk) -> None:
        session = broken.session()
        broken.close(session, 500)
        assert broken.approve(session).waits_for == "inspection"
        broken.shop.tx.execute("UPDATE till SET frozen_at = NULL, frozen_why = NULL")

        closed = broken.approve(session)

        assert (closed.state, closed.closing_no) == ("closed", 1)
        assert broken.events().count("chain_broken") == 1

    def test_of_tickets_that_do_not_add_up_is_never_closed_over(
        self, schema: Schema, desk: Desk
    ) -> None:
        tamper(
            schema,
            desk,
            "UPDATE journal SET record = replace(record, 'cents\":250', 'cents\":2')"
            " WHERE sequence = 1 AND kind = 'ticket'",
        )
        desk.close_period(Period.DAY)
        desk.shop.tx.execute("UPDATE till SET frozen_at = NULL, frozen_why = NULL")

        assert desk.close_period(Period.DAY).closings == []
        assert desk.events().count("chain_broken") == 1

    @pytest.mark.parametrize(
        ("change", "kind", "sequence"),
        [
            ("DELETE FROM journal WHERE sequence = 2 AND kind = 'ticket'", Kind.TICKET, 2),
            ("DELETE FROM journal WHERE sequence = 1 AND kind = 'ticket'", Kind.TICKET, 1),
            (
                "UPDATE journal SET signature = decode(repeat('00', 64), 'hex')"
                " WHERE sequence = 2 AND kind = 'ticket'",
                Kind.TICKET,
                2,
            ),
        ],
    )
    def test_is_found_where_a_record_was_cut_out_or_signed_by_nobody(
        self, schema: Schema, desk: Desk, change: str, kind: Kind, sequence: int
    ) -> None:
        tamper(schema, desk, change)

        made = desk.close_period(Period.DAY)

        assert made.closings == []
        assert (made.breaks[0].kind, made.breaks[0].sequence) == (kind, sequence)

    def test_is_found_in_what_was_written_since_the_last_closing_of_the_other_chains(
        self, schema: Schema, desk: Desk
    ) -> None:
        desk.close_period(Period.DAY)
        session = desk.session()
        desk.move(session, "in", 100, "appoint")
        desk.shop.tx.commit()
        tamper(
            schema,
            desk,
            "UPDATE journal SET record = replace(record, 'appoint', 'rien')"
            " WHERE sequence = 2 AND kind = 'event'",
        )

        made = desk.close_period(Period.DAY)

        assert [(each.kind, each.sequence) for each in made.breaks] == [(Kind.EVENT, 2)]


class TestRow:
    """A row of a journal: the sealed record, and the columns by which it is found and added up."""

    #: Every column of the table, with ways to change it.
    CHANGES: ClassVar[dict[str, list[str]]] = {
        "till_id": ["gen_random_uuid()"],
        "kind": ["'archive'"],
        "sequence": ["sequence + 1000"],
        "recorded_at": ["recorded_at + interval '1 microsecond'"],
        "business_date": ["business_date + 1"],
        "site_code": ["overlay(site_code placing 'x' from 2)"],
        "total_cents": ["total_cents + 1"],
        "key_id": ["key_id || 'x'"],
        "record": [
            f"overlay(record placing {byte} from length(record) * {n} / 9 + 1 for 1)"
            for byte in ("chr(31)", "'~'")  # which leaves no JSON, or other words
            for n in range(9)
        ],
        **{
            name: [
                f"set_byte({name}, {at}, get_byte({name}, {at}) # 1)" for at in range(0, size, 9)
            ]
            for name, size in (("previous_hash", 32), ("hash", 32), ("signature", 64))
        },
    }

    def test_with_one_byte_changed_in_any_column_is_found(self, fresh_schema: FreshSchema) -> None:
        schema = fresh_schema("recharges")
        with connect(schema) as tx:
            desk = a_desk(Shop(tx=tx), vouchers=2)
            desk.sell()
            desk.sell()
            desk.move(desk.session(), "in", 100, "appoint")
            assert desk.close(desk.session(), 600).state == "closed"
            assert len(desk.close_period(Period.DAY).closings) == 1
        with connect_as_admin(schema) as admin:
            admin.execute("SET session_replication_role = 'replica'")
            columns = admin.execute("SELECT * FROM recharges.journal LIMIT 0").description
            assert {each.name for each in columns or ()} == self.CHANGES.keys()
            assert not self.found(admin)
            for kind, sequence in (("ticket", 2), ("event", 2), ("grand_total", 2)):
                for name, changes in self.CHANGES.items():
                    for change in changes:
                        with admin.transaction(force_rollback=True):
                            done = admin.execute(
                                f"UPDATE recharges.journal SET {name} = {change}"
                                " WHERE till_id = %s AND kind = %s AND sequence = %s"
                                f" AND {name} IS DISTINCT FROM {change}".encode(),
                                (desk.till_id, kind, sequence),
                            )
                            assert bool(done.rowcount) == self.found(admin), (kind, change)

    def found(self, admin: psycopg.Connection[dict[str, Any]]) -> bool:
        """Whether the audit finds any journal of this schema broken."""
        return any(
            check.broken
            for check in (
                checks._by_query(admin, "records_are_filed_as_they_say"),
                checks._by_query(admin, "records_have_no_gap"),
                checks._journal_chains(admin),
            )
        )
