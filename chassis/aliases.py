"""Who is the same person: what referrals tells of merges, kept by each service that knows people.

A merge is an alias (docs/decisions/0010, 0018).  Nothing of either person is moved or rewritten, so
one that was wrong is undone without loss.  A service whose rows name people has the two tables

    person_merge   what was told last of each reference: merged into whom, or no longer
    person_alias   what that adds up to: each merged reference to the last of its chain

and asks `references` for all that stand for one person wherever two must count as one.
"""

from collections.abc import Collection, Sequence
from typing import ClassVar
from uuid import UUID

from chassis.columns import column
from chassis.consume import consume
from chassis.db import Transaction
from chassis.facts import Heard
from kernel.envelope import Envelope

# One at a time: two that lengthen the same chain would each resolve it without the other.
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.merge', 0))"

# Whoever decides about a merged person holds these rows; they come to their end first.
_LOCK = """
SELECT other.person_ref
  FROM person_alias AS known_as
  JOIN person_alias AS other ON other.same_as = known_as.same_as
 WHERE known_as.person_ref = ANY(%(person_refs)s::uuid[])
    OR known_as.same_as = ANY(%(person_refs)s::uuid[])
 ORDER BY other.person_ref
   FOR UPDATE OF other
"""

_LEARN = """
INSERT INTO person_merge (person_ref, merged_into, sequence, merged)
SELECT DISTINCT ON (told.person_ref) told.*
  FROM unnest(%(person_refs)s::uuid[], %(into)s::uuid[], %(sequences)s::bigint[],
              %(merged)s::boolean[]) AS told (person_ref, merged_into, sequence, merged)
 ORDER BY told.person_ref, told.sequence DESC
    ON CONFLICT (person_ref) DO UPDATE
   SET merged_into = excluded.merged_into, sequence = excluded.sequence, merged = excluded.merged
 WHERE person_merge.sequence < excluded.sequence
RETURNING person_ref, sequence
"""

# Everybody whose chain of merges passes through a changed reference stands for its last again.
# Heard out of order, merges may go in a circle for a moment; it is not followed twice.
_RESOLVE = """
WITH RECURSIVE reaching AS (
    SELECT unnest(%(changed)s::uuid[]) AS person_ref
    UNION
    SELECT person_merge.person_ref
      FROM reaching
      JOIN person_merge ON person_merge.merged_into = reaching.person_ref AND person_merge.merged
), chain AS (
    SELECT person_ref, person_ref AS same_as, 0 AS step FROM reaching
    UNION ALL
    SELECT chain.person_ref, person_merge.merged_into, chain.step + 1
      FROM chain
      JOIN person_merge ON person_merge.person_ref = chain.same_as AND person_merge.merged
) CYCLE same_as SET is_round USING path, ends AS (
    SELECT DISTINCT ON (person_ref) person_ref, same_as
      FROM chain
     WHERE NOT is_round
     ORDER BY person_ref, step DESC
), gone AS (
    DELETE FROM person_alias
     USING ends
     WHERE person_alias.person_ref = ends.person_ref AND ends.same_as = ends.person_ref
)
INSERT INTO person_alias (person_ref, same_as)
SELECT person_ref, same_as FROM ends WHERE same_as <> person_ref
    ON CONFLICT (person_ref) DO UPDATE SET same_as = excluded.same_as
"""

_REFERENCES = """
WITH known_as AS (
    SELECT coalesce((SELECT same_as FROM person_alias WHERE person_ref = %(person_ref)s),
                    %(person_ref)s) AS same_as
)
SELECT same_as AS person_ref, true AS last FROM known_as
UNION ALL
SELECT person_alias.person_ref, false FROM person_alias JOIN known_as USING (same_as)
 ORDER BY last DESC, person_ref
"""


class PersonMerged(Heard):
    """What we read of `referrals.person.merged.v1`: two references are one person."""

    TYPE: ClassVar[str] = "referrals.person.merged.v1"

    person_ref: UUID
    merged_into: UUID


class PersonUnmerged(PersonMerged):
    """What we read of `referrals.person.unmerged.v1`: they are two after all."""

    TYPE: ClassVar[str] = "referrals.person.unmerged.v1"


def learn(tx: Transaction, facts: Sequence[Envelope]) -> list[UUID]:
    """Remember who is the same person, as the fact with the highest sequence tells of each.

    Returns the facts that told nothing new.
    """
    heard = [(PersonMerged.hear(fact), fact) for fact in facts]
    changed = {told.person_ref for told, _ in heard}
    tx.execute(_TAKE_TURNS)
    lock(tx, changed | {told.merged_into for told, _ in heard})
    rows = tx.execute(
        _LEARN,
        {
            "person_refs": column(told.person_ref for told, _ in heard),
            "into": column(told.merged_into for told, _ in heard),
            "sequences": column(fact.sequence for _, fact in heard),
            "merged": column("t" if fact.type == PersonMerged.TYPE else "f" for _, fact in heard),
        },
    )
    news = {(row["person_ref"], row["sequence"]) for row in rows}
    resolve(tx, changed)
    return [fact.id for told, fact in heard if (told.person_ref, fact.sequence) not in news]


def lock(tx: Transaction, person_refs: Collection[UUID]) -> None:
    """Who was merged takes turns, under all their references, until this transaction ends."""
    tx.execute(_LOCK, {"person_refs": column(person_refs)})


def resolve(tx: Transaction, changed: Collection[UUID]) -> None:
    """Follow the chains through these references anew, to their ends."""
    tx.execute(_RESOLVE, {"changed": column(changed)})


def references(tx: Transaction, person_ref: UUID) -> list[UUID]:
    """Return every reference of one person: first the one they are known as, then the others."""
    rows = tx.execute(_REFERENCES, {"person_ref": person_ref})
    return [row["person_ref"] for row in rows]


class KnowsPeople:
    """A service that keeps rows about people, and hears who of them is the same."""

    @consume(PersonMerged.TYPE, PersonUnmerged.TYPE)
    def on_person_merged(self, tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        """Learn who is the same person, or is not after all."""
        return learn(tx, facts)
