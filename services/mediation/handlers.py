"""What mediation does when asked or told.  Each function is one transaction: load, decide, tell."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from chassis import aliases, forgotten, outbox
from chassis.db import Transaction
from chassis.facts import Fact
from chassis.http import Call
from chassis.shapes import Paged
from kernel.envelope import Envelope
from kernel.money import Cents
from kernel.period import business_date
from kernel.refusal import Forbidden
from services.mediation import events, store
from services.mediation.api import cases as api
from services.mediation.api.calculators import show_instalments, show_limitation
from services.mediation.domain import case as cases
from services.mediation.domain import debt_line, offer
from services.mediation.domain.case import Case
from services.mediation.domain.mandate import Mandate

#: Who may override the limitation gate, with a reason.
SUPERVISORS = ("site_manager", "admin")
#: What somebody writes in words beside a step.
_WORDS = ("override_reason", "left_open_reason")


class OverrideNotYours(Forbidden):
    """Only a supervisor may let an offer pass that acknowledges an old debt."""

    code = "mediation.offer.override_not_yours"


def open_case(tx: Transaction, call: Call, body: api.OpenCase) -> api.CaseState:
    """Open a case for an entitled person at one of the mediator's own sites."""
    call.caller.require_site(body.site_code)
    forgotten.require_known(tx, body.person_ref)
    today = business_date(call.now)
    person_refs = aliases.references(tx, body.person_ref)
    case = cases.open_case(
        Case(
            case_id=call.new_id(),
            site_code=body.site_code,
            person_ref=body.person_ref,
            opened_on=today,
        ),
        entitlements=store.lock_entitlements(tx, person_refs),
        open_already=store.find_open_case(tx, person_refs=person_refs, site_code=body.site_code),
        admissible_on=body.over_indebtedness_admissible_on,
    )
    store.add_case(tx, case)
    _record(tx, call, case, step="opened")
    _tell(tx, call, case, [events.CaseOpened.of(case)])
    return _state(case)


def record_mandate(
    tx: Transaction, call: Call, case_id: UUID, body: api.RecordMandate
) -> api.MandateRecorded:
    """Add a mandate that the person has signed."""
    today = business_date(call.now)
    signed = Mandate(
        mandate_id=call.new_id(),
        **body.model_dump(exclude={"operators"}),
        operators=frozenset(body.operators),
    )
    case = _change(
        tx,
        call,
        case_id,
        lambda case: cases.record_mandate(case, signed, day=today),
        step="mandate_recorded",
        mandate_id=signed.mandate_id,
    )
    return api.MandateRecorded(
        mandate_id=signed.mandate_id,
        case_id=case_id,
        status=case.status,
        state=signed.state_on(today),
    )


def revoke_mandate(tx: Transaction, call: Call, mandate_id: UUID) -> api.MandateRecorded:
    """Take a mandate back: from today on its operators are not spoken to."""
    today = business_date(call.now)
    case = _change(
        tx,
        call,
        store.find_case_of_mandate(tx, mandate_id),
        lambda case: cases.revoke_mandate(case, mandate_id, day=today),
        step="mandate_revoked",
        ends=True,
        mandate_id=mandate_id,
    )
    [revoked] = [each for each in case.mandates if each.mandate_id == mandate_id]
    return api.MandateRecorded(
        mandate_id=mandate_id,
        case_id=case.case_id,
        status=case.status,
        state=revoked.state_on(today),
    )


def record_over_indebtedness(
    tx: Transaction, call: Call, case_id: UUID, body: api.RecordOverIndebtedness
) -> api.CaseState:
    """Write down since when the over-indebtedness file is admissible: it bans payments."""
    today = business_date(call.now)
    case = _change(
        tx,
        call,
        case_id,
        lambda case: cases.record_over_indebtedness(
            case, admissible_on=body.admissible_on, day=today
        ),
        step="over_indebtedness_recorded",
        admissible_on=body.admissible_on,
    )
    return _state(case)


def add_line(tx: Transaction, call: Call, case_id: UUID, body: api.AddLine) -> api.LineAdded:
    """Write down a sum that an operator claims, and work out its limitation."""
    today = business_date(call.now)
    line = debt_line.DebtLine(
        line_id=call.new_id(),
        operator=body.operator,
        kind=body.kind,
        label=body.label,
        claimed_cents=Cents(body.claimed_cents),
        due_cents=None if body.due_cents is None else Cents(body.due_cents),
        due_on=body.due_on,
        born_on=body.born_on or body.due_on,
        events=tuple(each.event() for each in body.events),
    )
    case = _change(
        tx,
        call,
        case_id,
        lambda case: cases.add_line(case, line, day=today),
        step="line_added",
        line_id=line.line_id,
    )
    added = case.lines[-1]
    return api.LineAdded(
        line_id=added.line_id,
        case_id=case_id,
        status=case.status,
        due_cents=added.due_cents,
        limitation=show_limitation(added.limitation_on(today), language=call.language),
    )


def make_offer(tx: Transaction, call: Call, case_id: UUID, body: api.MakeOffer) -> api.OfferMade:
    """Propose something to an operator, in the person's name."""
    _require_supervisor(call, body.override_reason)
    today = business_date(call.now)
    offer_id, plan = call.new_id(), body.plan()

    def propose(case: Case) -> Case:
        made = offer.Offer(
            offer_id=offer_id,
            operator=body.operator,
            kind=body.kind,
            maker=offer.Maker.ASSOCIATION,
            line_ids=cases.choose_lines(
                case,
                operator=body.operator,
                line_ids=None if body.line_ids is None else frozenset(body.line_ids),
            ),
            amount_cents=Cents(body.amount_cents),
            made_on=today,
            override_reason=body.override_reason,
        )
        return cases.make_offer(case, made, plan=plan)

    case = _change(tx, call, case_id, propose, step="offer_made", offer_id=offer_id)
    made = case.offers[-1]
    _tell(tx, call, case, [events.OfferMade.of(case, made)])
    return api.OfferMade(
        offer_id=offer_id,
        case_id=case_id,
        status=case.status,
        amount_cents=made.amount_cents,
        instalments=show_instalments(made.instalments),
    )


def answer_offer(
    tx: Transaction, call: Call, offer_id: UUID, body: api.AnswerOffer
) -> api.OfferAnswered:
    """Write down what was answered; an agreement that settles the last line closes the case."""
    _require_supervisor(call, body.override_reason)
    today = business_date(call.now)
    counter_id = call.new_id() if body.counter is not None else None

    def settle(case: Case) -> Case:
        answered = offer.answer(
            cases.find_offer(case, offer_id),
            body.answer,
            answered_on=body.answered_on,
            day=today,
            person_signed_on=body.person_signed_on,
        )
        if body.counter is not None and counter_id is not None:
            counter = cases.counter_of(
                answered, offer_id=counter_id, amount_cents=Cents(body.counter.amount_cents)
            )
            return cases.counter_offer(case, answered, counter, plan=body.counter.plan())
        if body.answer is offer.Answer.REFUSED:
            return cases.refuse_offer(case, answered)
        return cases.accept_offer(case, answered, override_reason=body.override_reason, day=today)

    overridden = {} if body.override_reason is None else {"override_reason": body.override_reason}
    case = _change(
        tx,
        call,
        store.find_case_of_offer(tx, offer_id),
        settle,
        step="offer_answered",
        ends=body.counter is None,
        offer_id=offer_id,
        answer=body.answer,
        **overridden,
    )
    [answered] = [each for each in case.offers if each.offer_id == offer_id]
    _tell(tx, call, case, _facts_of_answer(case, answered, today=today))
    return api.OfferAnswered(
        offer_id=offer_id,
        state=answered.state,
        counter_offer_id=counter_id,
        case_id=case.case_id,
        status=case.status,
        outcome=case.outcome,
        agreed_cents=case.agreed_cents,
        saved_cents=case.saved_cents,
    )


def close_case(tx: Transaction, call: Call, case_id: UUID, body: api.CloseCase) -> api.CaseState:
    """Close a case by hand."""
    reason = body.left_open_reason
    case = _change(
        tx,
        call,
        case_id,
        lambda case: cases.close(case, outcome=body.outcome, left_open_reason=reason),
        step="closed",
        ends=True,
        outcome=body.outcome,
        **({} if reason is None else {"left_open_reason": reason}),
    )
    _tell(tx, call, case, [events.CaseClosed.of(case, day=business_date(call.now))])
    return _state(case)


def list_cases(tx: Transaction, call: Call, page: api.CasePage) -> Paged[api.CaseListed]:
    """List the cases of one site, or of all where the caller works."""
    if page.site_code is not None:
        call.caller.require_site(page.site_code)
        site_codes: Sequence[str] | None = [page.site_code]
    else:
        site_codes = call.caller.sites_seen
    rows = store.list_cases(
        tx, site_codes=site_codes, status=page.state, after=page.after, limit=page.limit
    )
    found = [api.CaseListed(**row) for row in rows]
    listed = Paged.cut(found, limit=page.limit, key=lambda each: each.case_id)
    read = [each.case_id for each in listed.items]
    store.note_access(tx, call.caller, read, what="cases_listed", now=call.now)
    return listed


def show_case(tx: Transaction, call: Call, case_id: UUID) -> api.CaseShown:
    """Show a case of the caller's own site with everything in it, as of today."""
    case = store.find_case(tx, case_id)
    call.caller.require_site(case.site_code)
    store.note_access(tx, call.caller, [case_id], what="case_shown", now=call.now)
    today = business_date(call.now)
    return api.CaseShown.of(
        case,
        day=today,
        language=call.language,
        history=[
            api.StepShown(step=each.step, at=each.happened_at, by=each.user_id)
            for each in store.list_steps(tx, case_id)
        ],
    )


def list_accesses(
    tx: Transaction, call: Call, case_id: UUID, page: api.AccessPage
) -> Paged[api.Access]:
    """List who read a case of the caller's own site; who changed it stands in its history."""
    call.caller.require_site(store.find_case(tx, case_id).site_code)
    rows = store.list_accesses(tx, case_id, after=page.after, limit=page.limit + 1)
    found = [api.Access(**row) for row in rows]
    return Paged.cut(found, limit=page.limit, key=lambda each: each.access_id)


def learn_entitlements(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Remember who may be helped, and until when."""
    store.learn_entitlements(
        tx, [(events.EntitlementTold.hear(fact).entitlement(), fact.sequence) for fact in facts]
    )


def _change(
    tx: Transaction,
    call: Call,
    case_id: UUID,
    decide: Callable[[Case], Case],
    *,
    step: str,
    ends: bool = False,
    **details: Any,
) -> Case:
    """Lock a case, decide, save what changed and write down who did it.

    Of who was forgotten, only what ends something is taken, without words.
    """
    before = store.lock_case(tx, case_id)
    call.caller.require_site(before.site_code)
    if ends:
        forgotten.require_no_words(tx, before.person_ref, *(details.get(name) for name in _WORDS))
    else:
        forgotten.require_known(tx, before.person_ref)
    after = decide(before)
    store.save_case(tx, before, after, day=business_date(call.now), now=call.now)
    _record(tx, call, after, step=step, **details)
    return after


def _record(tx: Transaction, call: Call, case: Case, *, step: str, **details: object) -> None:
    store.add_step(
        tx,
        case.case_id,
        step=step,
        happened_at=call.now,
        user_id=call.caller.user_id,
        details=details,
    )


def _require_supervisor(call: Call, override_reason: str | None) -> None:
    if override_reason is not None and call.caller.role not in SUPERVISORS:
        raise OverrideNotYours


def _tell(tx: Transaction, call: Call, case: Case, facts: Sequence[Fact]) -> None:
    outbox.append(
        tx,
        [
            fact.tell(id=call.new_id(), subject=str(case.case_id), site=case.site_code, at=call.now)
            for fact in facts
        ],
    )


def _facts_of_answer(case: Case, answered: offer.Offer, *, today: date) -> list[Fact]:
    facts: list[Fact] = [events.OfferAnswered.of(case, answered, day=today)]
    if answered.state is offer.State.COUNTERED:
        facts.append(events.OfferMade.of(case, case.offers[-1]))
    if answered.state is offer.State.ACCEPTED and answered.instalments:
        facts.append(events.PlanAgreed.of(case, answered))
    if case.status is cases.Status.CLOSED:
        facts.append(events.CaseClosed.of(case, day=today))
    return facts


def _state(case: Case) -> api.CaseState:
    return api.CaseState(case_id=case.case_id, status=case.status, outcome=case.outcome)
