"""The demonstration's debt files: every kind of line and event, and each led to a plan."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from deploy.demo import data
from deploy.demo.data.debts import Contract, DebtFile, DebtLine, Proposal, Terms
from kernel.money import Cents
from services.mediation.domain import case as cases
from services.mediation.domain import debt_line, mandate, offer
from services.mediation.domain import termination_fee as fees
from services.mediation.domain.entitlement import Entitlement
from services.mediation.domain.limitation import Event, Limitation
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.plan import Plan, plan_of

MADE = data.demonstration()
TODAY = data.REFERENCE_DAY


def line_of(file: DebtFile, line: DebtLine, *, place: int) -> debt_line.DebtLine:
    return debt_line.DebtLine(
        line_id=UUID(int=place + 1),
        operator=file.operator,
        kind=LineKind(line.kind),
        claimed_cents=Cents(line.claimed_cents),
        due_cents=None if line.due_cents is None else Cents(line.due_cents),
        due_on=line.due_on,
        born_on=line.due_on,
        label=line.label,
        events=tuple(
            Event(kind=EventKind(each.kind), on=each.on, until_on=each.until)
            for each in line.events
        ),
    )


def contract_of(contract: Contract) -> fees.Contract:
    return fees.Contract(
        monthly_cents=Cents(contract.monthly_cents),
        commitment_months=contract.commitment_months,
        elapsed_months=contract.elapsed_months,
        signed_on=contract.signed_on,
        subsidised_handset=contract.subsidised_handset,
    )


def limitation_of(file: DebtFile, place: int) -> Limitation:
    return line_of(file, file.lines[place], place=place).limitation_on(TODAY)


def plan(terms: Terms) -> Plan | None:
    if terms.first_due_on is None:
        return None
    return plan_of(
        Cents(terms.amount_cents),
        first_due_on=terms.first_due_on,
        instalment_count=terms.instalments,
    )


def opened(file: DebtFile, *, today: date) -> cases.Case:
    """A case with its mandate and its lines."""
    case = cases.open_case(
        cases.Case(
            case_id=UUID(int=1),
            site_code=file.site_code,
            person_ref=UUID(int=2),
            opened_on=today,
        ),
        entitlements=[
            Entitlement(person_ref=UUID(int=2), from_on=today, until_on=today + timedelta(days=270))
        ],
        open_already=None,
        admissible_on=None,
    )
    signed = mandate.Mandate(
        mandate_id=UUID(int=1),
        operators=frozenset({file.operator}),
        signed_on=file.signed_on,
        until_on=file.until_on,
        client_reference=file.client_reference,
    )
    case = cases.record_mandate(case, signed, day=today)
    for place, line in enumerate(file.lines):
        case = cases.add_line(case, line_of(file, line, place=place), day=today)
    return case


def propose(
    case: cases.Case, file: DebtFile, proposal: Proposal, *, number: int, today: date
) -> cases.Case:
    made = offer.Offer(
        offer_id=UUID(int=number),
        operator=file.operator,
        kind=offer.Kind(proposal.kind),
        maker=offer.Maker.ASSOCIATION,
        line_ids=frozenset(UUID(int=place + 1) for place in proposal.lines),
        amount_cents=Cents(proposal.terms.amount_cents),
        made_on=today,
        override_reason=proposal.override_reason,
    )
    return cases.make_offer(case, made, plan=plan(proposal.terms))


def accept(case: cases.Case, proposal: Proposal, *, number: int, today: date) -> cases.Case:
    made = cases.find_offer(case, UUID(int=number))
    if proposal.counter is not None:
        countered = offer.answer(
            made, offer.Answer.COUNTERED, answered_on=today, day=today, person_signed_on=None
        )
        counter = cases.counter_of(
            countered,
            offer_id=UUID(int=number + 100),
            amount_cents=Cents(proposal.counter.amount_cents),
        )
        case = cases.counter_offer(case, countered, counter, plan=plan(proposal.counter))
        made = cases.find_offer(case, counter.offer_id)
    accepted = offer.answer(
        made, offer.Answer.ACCEPTED, answered_on=today, day=today, person_signed_on=today
    )
    return cases.accept_offer(case, accepted, override_reason=None, day=today)


class TestDebtFiles:
    def test_hold_every_kind_of_line_and_event(self) -> None:
        lines = [line for each in MADE.debt_files for line in each.lines]

        assert len(MADE.debt_files) == 3
        assert {line.kind for line in lines} == set(LineKind)
        assert {event.kind for line in lines for event in line.events} == set(EventKind)

    def test_belong_to_persons_who_asked_for_mediation_there(self) -> None:
        for each in MADE.debt_files:
            person = MADE.people[each.person]
            assert person.site_code == each.site_code
            assert "mediation" in person.needs

    def test_show_each_line_as_their_comments_say(self) -> None:
        found = [
            [limitation_of(file, place) for place in range(len(file.lines))]
            for file in MADE.debt_files
        ]

        assert [[each.limited for each in lines] for lines in found] == [
            [True, False, False, False, False],
            [False, True, False],
            [False, False, False, False],
        ]
        assert [[list(each.flags) for each in lines] for lines in found] == [
            [[], ["near_limit"], [], [], ["not_due"]],
            [[], ["renunciation_risk"], []],
            [[], [], [], []],
        ]

    def test_have_our_own_figure_for_their_termination_fees(self) -> None:
        for file in MADE.debt_files:
            if file.contract is not None:
                due = fees.fee_of(contract_of(file.contract))
                [line] = [line for line in file.lines if line.kind == "termination_fee"]
                assert due.fee_cents == line.due_cents

    @pytest.mark.parametrize("file", MADE.debt_files, ids=lambda file: file.operator)
    def test_end_with_a_plan_that_closes_the_case(self, file: DebtFile) -> None:
        case = opened(file, today=TODAY)

        for number, proposal in enumerate(file.proposals, start=1):
            assert case.status is not cases.Status.CLOSED
            case = propose(case, file, proposal, number=number, today=TODAY)
            case = accept(case, proposal, number=number, today=TODAY)

        assert case.status is cases.Status.CLOSED
        assert case.outcome is cases.Outcome.PLAN
        assert case.saved_cents > 0

    def test_need_a_supervisor_where_they_give_a_reason(self) -> None:
        file = MADE.debt_files[0]
        case = opened(file, today=TODAY)

        with pytest.raises(offer.LineNearLimit):
            propose(
                case, file, replace(file.proposals[1], override_reason=None), number=1, today=TODAY
            )
