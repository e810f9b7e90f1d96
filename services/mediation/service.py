"""The entry points of mediation: who may ask what, and which facts it hears."""

from uuid import UUID

from chassis import clock, http
from chassis.aliases import KnowsPeople
from chassis.auth import Employed
from chassis.consume import consume
from chassis.db import Transaction
from chassis.http import Call
from chassis.personal import PersonalData
from chassis.service import Service
from chassis.shapes import Paged
from chassis.timer import every
from kernel.envelope import Envelope
from kernel.money import Cents
from kernel.period import business_date
from services.mediation import events, handlers, store
from services.mediation.api import calculators, cases
from services.mediation.domain.late_interest import late_interest
from services.mediation.domain.limitation import limitation_of
from services.mediation.domain.termination_fee import fee_of

#: Debts are seen by employees only: a volunteer at a till is no mediator.
STAFF = Employed(("mediator", "site_manager", "admin"))
MANAGERS = Employed(("site_manager", "admin"))
_CALENDAR_S = 600.0
#: What one run drops at most; the next one goes on.
_ACCESSES_MAX = 5_000


class Mediation(KnowsPeople, PersonalData, Service):
    """Leads debt cases and does their sums."""

    name = "mediation"

    @http.command(
        "POST", "/v1/cases", body=cases.OpenCase, answer=cases.CaseState, status=201, allow=STAFF
    )
    def open_case(self, tx: Transaction, call: Call, body: cases.OpenCase) -> cases.CaseState:
        """Open a case for a person with an entitlement in force."""
        return handlers.open_case(tx, call, body)

    @http.query(
        "GET",
        "/v1/cases",
        query=cases.CasePage,
        answer=list[cases.CaseListed],
        allow=STAFF,
    )
    def list_cases(
        self, tx: Transaction, call: Call, page: cases.CasePage
    ) -> Paged[cases.CaseListed]:
        """List cases, oldest first; the `Link` header names the next page."""
        return handlers.list_cases(tx, call, page)

    @http.query("GET", "/v1/cases/<uuid:case_id>", answer=cases.CaseShown, allow=STAFF)
    def get_case(self, tx: Transaction, call: Call, case_id: UUID) -> cases.CaseShown:
        """Show a case of one's own site, with the limitation of each line as of today."""
        return handlers.show_case(tx, call, case_id)

    @http.query(
        "GET",
        "/v1/cases/<uuid:case_id>/accesses",
        query=cases.AccessPage,
        answer=list[cases.Access],
        allow=MANAGERS,
    )
    def list_accesses(
        self, tx: Transaction, call: Call, page: cases.AccessPage, case_id: UUID
    ) -> Paged[cases.Access]:
        """List who read a case of one's own site, the newest first."""
        return handlers.list_accesses(tx, call, case_id, page)

    @every(_CALENDAR_S)
    def drop_old_accesses(self, tx: Transaction) -> None:
        """Drop what was kept of who read cases for long enough."""
        now = clock.now()
        store.drop_accesses(tx, now=now, today=business_date(now), limit=_ACCESSES_MAX)

    @http.command(
        "POST",
        "/v1/cases/<uuid:case_id>/mandates",
        body=cases.RecordMandate,
        answer=cases.MandateRecorded,
        status=201,
        allow=STAFF,
    )
    def record_mandate(
        self, tx: Transaction, call: Call, body: cases.RecordMandate, case_id: UUID
    ) -> cases.MandateRecorded:
        """Record a mandate that the person has signed."""
        return handlers.record_mandate(tx, call, case_id, body)

    @http.command(
        "POST",
        "/v1/mandates/<uuid:mandate_id>/revoke",
        body=cases.Nothing,
        answer=cases.MandateRecorded,
        allow=STAFF,
    )
    def revoke_mandate(
        self, tx: Transaction, call: Call, body: cases.Nothing, mandate_id: UUID
    ) -> cases.MandateRecorded:
        """Take a mandate back, as the person may at any time."""
        return handlers.revoke_mandate(tx, call, mandate_id)

    @http.command(
        "POST",
        "/v1/cases/<uuid:case_id>/over-indebtedness",
        body=cases.RecordOverIndebtedness,
        answer=cases.CaseState,
        allow=STAFF,
    )
    def record_over_indebtedness(
        self, tx: Transaction, call: Call, body: cases.RecordOverIndebtedness, case_id: UUID
    ) -> cases.CaseState:
        """Record since when the person's over-indebtedness file is admissible."""
        return handlers.record_over_indebtedness(tx, call, case_id, body)

    @http.command(
        "POST",
        "/v1/cases/<uuid:case_id>/lines",
        body=cases.AddLine,
        answer=cases.LineAdded,
        status=201,
        allow=STAFF,
    )
    def add_line(
        self, tx: Transaction, call: Call, body: cases.AddLine, case_id: UUID
    ) -> cases.LineAdded:
        """Write down a sum that an operator claims."""
        return handlers.add_line(tx, call, case_id, body)

    @http.command(
        "POST",
        "/v1/cases/<uuid:case_id>/offers",
        body=cases.MakeOffer,
        answer=cases.OfferMade,
        status=201,
        allow=STAFF,
    )
    def make_offer(
        self, tx: Transaction, call: Call, body: cases.MakeOffer, case_id: UUID
    ) -> cases.OfferMade:
        """Propose something to an operator."""
        return handlers.make_offer(tx, call, case_id, body)

    @http.command(
        "POST",
        "/v1/offers/<uuid:offer_id>/answers",
        body=cases.AnswerOffer,
        answer=cases.OfferAnswered,
        status=201,
        allow=STAFF,
    )
    def answer_offer(
        self, tx: Transaction, call: Call, body: cases.AnswerOffer, offer_id: UUID
    ) -> cases.OfferAnswered:
        """Write down what was answered to an offer; an agreed plan closes the case."""
        return handlers.answer_offer(tx, call, offer_id, body)

    @http.command(
        "POST",
        "/v1/cases/<uuid:case_id>/close",
        body=cases.CloseCase,
        answer=cases.CaseState,
        allow=STAFF,
    )
    def close_case(
        self, tx: Transaction, call: Call, body: cases.CloseCase, case_id: UUID
    ) -> cases.CaseState:
        """Close a case by hand, as what its lines say."""
        return handlers.close_case(tx, call, case_id, body)

    @http.door(
        "POST",
        "/v1/calculators/limitation",
        body=calculators.AskLimitation,
        answer=calculators.LimitationShown,
        allow=STAFF,
    )
    def ask_limitation(
        self, call: Call, body: calculators.AskLimitation
    ) -> calculators.LimitationShown:
        """Work out until when a debt line may be claimed."""
        found = limitation_of(
            body.line.kind,
            due_on=body.line.due_on,
            events=[each.event() for each in body.events],
            on=body.on,
        )
        return calculators.show_limitation(found, language=call.language)

    @http.door(
        "POST",
        "/v1/calculators/termination-fee",
        body=calculators.AskTerminationFee,
        answer=calculators.TerminationFeeShown,
        allow=STAFF,
    )
    def ask_termination_fee(
        self, call: Call, body: calculators.AskTerminationFee
    ) -> calculators.TerminationFeeShown:
        """Work out the most that may be asked for ending a contract early."""
        return calculators.show_fee(fee_of(body.contract()), language=call.language)

    @http.door(
        "POST",
        "/v1/calculators/plan",
        body=calculators.AskPlan,
        answer=calculators.PlanShown,
        allow=STAFF,
    )
    def ask_plan(self, call: Call, body: calculators.AskPlan) -> calculators.PlanShown:
        """Cut a debt into monthly instalments."""
        return calculators.show_plan(body.plan(), language=call.language)

    @http.query(
        "POST",
        "/v1/calculators/late-interest",
        body=calculators.AskLateInterest,
        answer=calculators.LateInterestShown,
        allow=STAFF,
    )
    def ask_late_interest(
        self, tx: Transaction, call: Call, body: calculators.AskLateInterest
    ) -> calculators.LateInterestShown:
        """Work out the interest since the formal notice, as far as the legal rate is known."""
        found = late_interest(
            Cents(body.principal_cents),
            from_on=body.from_on,
            until_on=body.until_on,
            rates=store.list_rates(tx),
        )
        return calculators.show_late_interest(found, language=call.language)

    @consume(
        events.EntitlementTold.TYPE,
        "referrals.entitlement.renewed.v1",
        "referrals.entitlement.shortened.v1",
    )
    def on_entitlement_told(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn who may be helped, and until when."""
        handlers.learn_entitlements(tx, facts)


SERVICE = Mediation
