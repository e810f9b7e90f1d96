"""Whom a service has forgotten: nothing is opened for them any more, no word written about them.

An erasure leaves the pseudonym in the books, and tills and files may still name it.  So each
service remembers whom it has forgotten, in the transaction that does it (chassis/personal.py):

    require_known       before anything is opened for a person: refused
    require_no_words    before words are written down in an act that is due to whoever holds the
                        ticket, the device or the mandate all the same: it passes with NO_WORDS
    words_about         of words from outside, which must not be refused: they are left out

Each takes the person's lock, shared, and an erasure takes it alone: words that were there before
are blanked with the others, and whoever comes later is refused.  A person's lock comes before that
of any row that an erasure changes; of several people, in the order of their references.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from kernel.refusal import Refusal

#: What stands where words about somebody were, or would be.
NO_WORDS = "-"

_PERSON = "hashtextextended(current_schema() || '.person ' || person_ref, 0)"
_PEOPLE = "FROM unnest(%(person_refs)s::uuid[]) AS asked (person_ref)"
_SHARE = f"SELECT pg_advisory_xact_lock_shared({_PERSON}) {_PEOPLE}"
_HOLD = f"SELECT pg_advisory_xact_lock({_PERSON}) {_PEOPLE}"

_REMEMBER = """
INSERT INTO forgotten_person (person_ref, forgotten_at)
SELECT person_ref, %(now)s
  FROM unnest(%(person_refs)s::uuid[]) AS person_ref
    ON CONFLICT DO NOTHING
"""

_FIND = "SELECT person_ref FROM forgotten_person WHERE person_ref = ANY(%(person_refs)s::uuid[])"


class PersonErased(Refusal):
    """This person's data were erased: nothing is opened for them any more. Whoever comes again is
    somebody new.
    """

    code = "relais.person.erased"


class WordsRefused(Refusal):
    """This person's data were erased: nothing is written about them any more. Put “-” in the place
    of every reason.
    """

    code = "relais.person.words_refused"


def forget(tx: Transaction, person_refs: Collection[UUID], *, now: datetime) -> None:
    """Remember people as forgotten; whoever is writing about them comes to an end first."""
    tx.execute(_HOLD, {"person_refs": column(sorted(person_refs))})
    tx.execute(_REMEMBER, {"person_refs": column(person_refs), "now": now})


def find(tx: Transaction, person_refs: Collection[UUID]) -> frozenset[UUID]:
    """Return who of these was forgotten, without a lock: for what holds no words."""
    rows = tx.execute(_FIND, {"person_refs": column(person_refs)})
    return frozenset(row["person_ref"] for row in rows)


def _is_forgotten(tx: Transaction, person_ref: UUID) -> bool:
    """Say whether somebody was forgotten, which stays so until the transaction ends."""
    tx.execute(_SHARE, {"person_refs": column([person_ref])})
    return bool(find(tx, [person_ref]))


def require_known(tx: Transaction, person_ref: UUID) -> None:
    """Refuse to open anything for somebody who was forgotten."""
    if _is_forgotten(tx, person_ref):
        raise PersonErased()


def require_no_words(tx: Transaction, person_ref: UUID, *words: str | None) -> None:
    """Refuse words about somebody who was forgotten."""
    if _is_forgotten(tx, person_ref) and not {*words} <= {None, "", NO_WORDS}:
        raise WordsRefused()


def words_about(tx: Transaction, person_ref: UUID, words: str) -> str:
    """Return the words, or none where they are about somebody who was forgotten."""
    return "" if _is_forgotten(tx, person_ref) else words
