"""How a case may end: every way its lines can stand with every outcome."""

from itertools import product

import pytest

from kernel.refusal import Refusal
from services.mediation.domain import case as cases
from services.mediation.domain import closing
from services.mediation.domain.case import Case
from services.mediation.domain.closing import (
    BY_HAND,
    CLOSINGS,
    AgreementStands,
    Outcome,
    ReasonMissing,
    Standing,
)
from services.mediation.domain.offer import Answer
from tests.mediation.build import (
    TODAY,
    a_case,
    a_line,
    a_negotiation,
    a_plan,
    accepted,
    an_offer,
    an_opened_case,
    answered,
)

REASON = "The operator does not answer."
MINE, OTHER = a_line(number=10), a_line(number=11, claimed_cents=5_000)


def with_another_offer(case: Case) -> Case:
    """The case with an offer for the other line, which waits."""
    made = an_offer(number=101, lines=[OTHER], amount_cents=5_000)
    return cases.make_offer(case, made, plan=a_plan(amount_cents=5_000))


def standing(wanted: Standing) -> Case:
    """A case that stands as is wanted."""
    if wanted is Standing.NO_LINE:
        return an_opened_case()
    if wanted is Standing.OPEN:
        return a_case()
    if wanted is Standing.WAITING:
        return a_negotiation()
    agreed = accepted(a_negotiation(MINE, OTHER, offer=an_offer(lines=[MINE])))
    return agreed if wanted is Standing.AGREED else with_another_offer(agreed)


class TestTable:
    @pytest.mark.parametrize("wanted", list(Standing))
    def test_speaks_of_cases_that_exist(self, wanted: Standing) -> None:
        case = standing(wanted)

        assert closing.standing_of(case.lines, case.offers) is wanted

    @pytest.mark.parametrize(("wanted", "outcome"), list(product(Standing, Outcome)))
    def test_decides_every_closing(self, wanted: Standing, outcome: Outcome) -> None:
        case = standing(wanted)
        # What was agreed in these cases is a plan; the table allows any outcome of an agreement.
        possible = outcome in CLOSINGS[wanted] and (outcome in BY_HAND or outcome is Outcome.PLAN)
        if possible:
            closed = cases.close(case, outcome=outcome, left_open_reason=REASON)
            assert closed.outcome is outcome
        else:
            with pytest.raises(Refusal):
                cases.close(case, outcome=outcome, left_open_reason=REASON)


class TestAgreedCase:
    def test_does_not_end_as_if_nothing_had_been_agreed(self) -> None:
        with pytest.raises(AgreementStands) as refused:
            cases.close(standing(Standing.AGREED), outcome=Outcome.WITHDRAWN)
        assert refused.value.values == {"allowed": "plan"}

    def test_says_why_a_line_stays_open(self) -> None:
        with pytest.raises(ReasonMissing) as refused:
            cases.close(standing(Standing.AGREED), outcome=Outcome.PLAN)
        assert refused.value.values == {"open_lines": 1}

    def test_keeps_what_was_agreed(self) -> None:
        closed = cases.close(
            standing(Standing.AGREED), outcome=Outcome.PLAN, left_open_reason=REASON
        )
        assert (closed.claimed_cents, closed.agreed_cents) == (37_000, 32_000)

    def test_ends_once_the_waiting_offer_is_answered(self) -> None:
        case = standing(Standing.AGREED_WAITING)
        no = answered(case.offers[-1], Answer.REFUSED, on=TODAY, signed_on=None)

        closed = cases.close(
            cases.refuse_offer(case, no), outcome=Outcome.PLAN, left_open_reason=REASON
        )

        assert closed.outcome is Outcome.PLAN


class TestOpenCase:
    def test_saves_nothing_where_nothing_was_agreed(self) -> None:
        closed = cases.close(a_case(), outcome=Outcome.REFUSED)
        assert (closed.agreed_cents, closed.saved_cents) == (0, 0)
