"""A hearer that does what each fact's data asks for: it succeeds, fails or dawdles on demand."""

from uuid import UUID

from chassis.db import Transaction
from chassis.facts import Heard
from kernel.envelope import Envelope
from kernel.refusal import Refusal, Superseded

#: What the hearer of these tests keeps: one row an effect, and a projection with its sequence.
TABLES = """
CREATE TABLE effect (event_id uuid NOT NULL, number integer NOT NULL);
CREATE TABLE projection (subject text PRIMARY KEY, sequence bigint NOT NULL, number integer);
CREATE TABLE gate (open boolean NOT NULL);
CREATE TABLE tick (at timestamptz NOT NULL DEFAULT clock_timestamp(), pid integer);
"""

_PROJECT = """
INSERT INTO projection (subject, sequence, number)
VALUES (%(subject)s, %(sequence)s, %(number)s)
    ON CONFLICT (subject)
    DO UPDATE SET sequence = EXCLUDED.sequence, number = EXCLUDED.number
 WHERE projection.sequence < EXCLUDED.sequence
"""


class NotWanted(Refusal):
    """We do not want number {number}."""

    code = "settlement.sale.not_wanted"


class Numbered(Heard):
    """What this hearer reads of a fact."""

    number: int


def handle(tx: Transaction, facts: list[Envelope]) -> list[UUID]:
    """Obey each fact; return the ids of those that a newer one has superseded."""
    superseded = []
    for fact in facts:
        number = Numbered.hear(fact).number
        match fact.data.get("do"):
            case "crash":
                raise ZeroDivisionError(f"number {number}")
            case "refuse":
                raise NotWanted(number=number)
            case "step aside":
                raise Superseded
            case "clash":
                _deadlock(tx)
            case "clash until open":
                if not tx.execute("SELECT 1 FROM gate WHERE open").fetchone():
                    _deadlock(tx)
            case "need gate":
                if not tx.execute("SELECT 1 FROM gate WHERE open").fetchone():
                    raise LookupError(f"the gate is closed for number {number}")
            case "dawdle":
                tx.execute("SELECT pg_sleep(1.0)")
            case "project":
                of = {"subject": fact.subject, "sequence": fact.sequence, "number": number}
                if tx.execute(_PROJECT, of).rowcount == 0:
                    superseded.append(fact.id)
                    continue
        tx.execute("INSERT INTO effect VALUES (%s, %s)", (fact.id, number))
    return superseded


def _deadlock(tx: Transaction) -> None:
    tx.execute("DO $$ BEGIN RAISE EXCEPTION 'in each other''s way' USING ERRCODE = '40P01'; END $$")
