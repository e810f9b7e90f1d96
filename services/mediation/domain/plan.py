"""A payment plan: a debt cut into monthly instalments whose sum is the debt, to the cent.

Equal instalments; the last one takes the cents that are left over.  The day of the month is that
of the first instalment, or the last day of a shorter month: 31 January, 28 February, 31 March.
See docs/rules/plan.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.money import Cents
from kernel.period import add_months
from kernel.refusal import Refusal
from services.mediation.domain.rule import Basis, Rule, in_force


class NoDebt(Refusal):
    """A plan needs a debt of at least one cent."""

    code = "mediation.plan.no_debt"


class OneOfTwo(Refusal):
    """Give either a number of instalments or the most that can be paid each month, and only one."""

    code = "mediation.plan.one_of_two"


class NoInstalment(Refusal):
    """A plan needs at least one instalment, of at least one cent."""

    code = "mediation.plan.no_instalment"


class TooManyInstalments(Refusal):
    """A plan may have at most {instalment_count_max} monthly instalments."""

    code = "mediation.plan.too_many_instalments"


class InstalmentsBelowOneCent(Refusal):
    """{debt_cents} cannot be cut into {instalment_count} instalments of at least one cent."""

    code = "mediation.plan.below_one_cent"


class PlanFlag(StrEnum):
    """What a mediator must see beside the plan."""

    OVER_COURT_LIMIT = "over_court_limit"


CONTRACT_REFORM_ON = date(2016, 10, 1)
# What a judge may grant; a plan agreed freely may be longer, and the operator may well refuse it.
COURT_MONTHS_MAX: Sequence[Rule[int]] = (
    Rule(
        figure=24, article="C. civ. 1244-1", from_on=date(1991, 7, 11), until_on=CONTRACT_REFORM_ON
    ),
    Rule(figure=24, article="C. civ. 1343-5", from_on=CONTRACT_REFORM_ON),
)
# Seven years: not even an over-indebtedness commission may spread a debt further.
INSTALMENT_COUNT_MAX: Sequence[Rule[int]] = (
    Rule(figure=84, article="C. conso. L733-1, as a house limit", from_on=date(1991, 7, 11)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One payment of a plan."""

    due_on: date
    amount_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The instalments of a debt, in the order in which they fall due."""

    instalments: tuple[Instalment, ...]
    flags: tuple[PlanFlag, ...]
    basis: tuple[Basis, ...]

    @property
    def total_cents(self) -> Cents:
        """The sum of the instalments, which is the debt."""
        return Cents(sum(instalment.amount_cents for instalment in self.instalments))


def plan_of(
    debt_cents: Cents,
    *,
    first_due_on: date,
    instalment_count: int | None = None,
    monthly_max_cents: Cents | None = None,
) -> Plan:
    """Cut a debt into instalments: so many of them, or as few as a monthly maximum allows."""
    if debt_cents < 1:
        raise NoDebt
    count_max = in_force(INSTALMENT_COUNT_MAX, day=first_due_on).figure
    if instalment_count is not None and monthly_max_cents is None:
        count = instalment_count
    elif monthly_max_cents is not None and instalment_count is None:
        count = _fewest(debt_cents, monthly_max_cents=monthly_max_cents, count_max=count_max)
    else:
        raise OneOfTwo
    if count < 1:
        raise NoInstalment
    if count > count_max:
        raise TooManyInstalments(instalment_count_max=count_max)
    if count > debt_cents:
        raise InstalmentsBelowOneCent(debt_cents=debt_cents, instalment_count=count)
    return _cut(debt_cents, count=count, first_due_on=first_due_on)


def _fewest(debt_cents: int, *, monthly_max_cents: int, count_max: int) -> int:
    """Return the smallest count whose last instalment, cents included, fits under the maximum."""
    if monthly_max_cents < 1:
        raise NoInstalment
    count = -(-debt_cents // monthly_max_cents)
    while count <= count_max and _last_cents(debt_cents, count=count) > monthly_max_cents:
        count += 1
    return count


def _last_cents(debt_cents: int, *, count: int) -> int:
    return debt_cents - debt_cents // count * (count - 1)


def _cut(debt_cents: int, *, count: int, first_due_on: date) -> Plan:
    equal_cents = debt_cents // count
    amounts_cents = [equal_cents] * (count - 1) + [_last_cents(debt_cents, count=count)]
    court = in_force(COURT_MONTHS_MAX, day=first_due_on)
    over = count > court.figure
    if over:
        sentence = "Longer than the {months} months that a judge may grant."
    else:
        sentence = "Within the {months} months that a judge may grant."
    basis = Basis(
        rule="court_limit",
        article=court.article,
        sentence=sentence,
        values={"months": court.figure},
    )
    return Plan(
        # Counted from the first day each time: a short month does not move the ones after it.
        instalments=tuple(
            Instalment(due_on=add_months(first_due_on, position), amount_cents=Cents(amount_cents))
            for position, amount_cents in enumerate(amounts_cents)
        ),
        flags=(PlanFlag.OVER_COURT_LIMIT,) if over else (),
        basis=(basis,),
    )
