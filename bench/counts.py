"""What must have been counted after a run; a wrong count voids it."""

import time
from dataclasses import dataclass, fields

import psycopg

QUIET_WITHIN_S = 120.0


class Void(Exception):
    """The counts after a run are not what the run did: its figure means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows in the tables that a sale writes, here and at its hearers."""

    sales: int
    vouchers: int
    cash_lines: int
    tickets: int
    told: int
    published: int
    ledger_entries: int
    heard_by_settlement: int
    heard_by_referrals: int


_SQL = """
SELECT (SELECT count(*) FROM recharges.sale),
       (SELECT count(*) FROM recharges.sale_voucher),
       (SELECT count(*) FROM recharges.cash_line),
       (SELECT count(*) FROM recharges.journal WHERE kind = 'ticket'),
       (SELECT count(*) FROM recharges.outbox WHERE type = 'recharges.sale.completed.v1'),
       (SELECT count(*) FROM recharges.outbox
         WHERE type = 'recharges.sale.completed.v1' AND published_at IS NOT NULL),
       (SELECT count(*) FROM settlement.entry WHERE kind = 'sale_completed'),
       (SELECT count(*) FROM settlement.inbox WHERE consumer = 'settlement.on_sale_completed'),
       (SELECT count(*) FROM referrals.inbox WHERE consumer = 'referrals.on_sale_completed')
"""
_HEARD = """
SELECT (SELECT count(*) FROM settlement.inbox WHERE consumer = 'settlement.on_sale_completed'),
       (SELECT count(*) FROM referrals.inbox WHERE consumer = 'referrals.on_sale_completed'),
       (SELECT count(*) FROM recharges.outbox WHERE published_at IS NULL)
"""


def read(connection: psycopg.Connection) -> Counts:
    """Count now."""
    row = connection.execute(_SQL).fetchone()
    assert row is not None
    return Counts(**dict(zip((each.name for each in fields(Counts)), row, strict=True)))


def await_heard(connection: psycopg.Connection, before: Counts, *, facts: int) -> None:
    """Wait until both hearers have committed so many more and the outbox is empty."""
    deadline = time.monotonic() + QUIET_WITHIN_S
    wanted = (before.heard_by_settlement + facts, before.heard_by_referrals + facts, 0)
    while connection.execute(_HEARD).fetchone() != wanted:
        if time.monotonic() > deadline:
            raise Void("the hearers did not commit every fact in time")
        time.sleep(0.02)


def require(before: Counts, after: Counts, *, sales: int) -> None:
    """Refuse a run after which any table has not grown by exactly what was sold."""
    for each in fields(Counts):
        grown = getattr(after, each.name) - getattr(before, each.name)
        if grown != sales:
            raise Void(f"{each.name} grew by {grown}, not by {sales}")
