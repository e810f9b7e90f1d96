"""Legal figures as dated rules: what holds, from which day, until which day, by which article.

A law that changes is a new row, never an edit: what was computed under the old row stays true for
the days the old row covers.  Days are half-open: `until_on` is the first day of the next rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, TypeVar

from kernel.refusal import Refusal

Figure = TypeVar("Figure")


class NoRuleInForce(Refusal):
    """No legal rule is known here for {day_on}: the calculation would be a guess."""

    code = "mediation.rule.unknown_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Figure]):
    """One legal figure, the days it holds for and where it is written."""

    figure: Figure
    article: str
    from_on: date
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """One step of a computation, for the mediator who has to defend it.

    `sentence` is the English text with {placeholders}, and the msgid of its translation.
    """

    rule: str
    article: str
    sentence: str
    values: Mapping[str, object] = field(default_factory=dict)


def in_force(
    rules: Sequence[Rule[Figure]], *, day: date, unknown: type[Refusal] = NoRuleInForce
) -> Rule[Figure]:
    """Return the row that holds on a day."""
    for rule in rules:
        if rule.from_on <= day and (rule.until_on is None or day < rule.until_on):
            return rule
    raise unknown(day_on=day)
