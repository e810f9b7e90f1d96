"""Card payments from act to act: a transaction of ours, a call to Stripe, a transaction of ours.

No transaction is open while Stripe is asked.  Whatever breaks in between, the row of the card sale
says where it stands, and whoever comes next goes on from there: the till with the same key, the
webhook, the till's poll, or the sweeper.

A webhook whose signature holds is believed for what can never change again, a payment that
succeeded or was cancelled, and for why a card was declined: so it needs no call back, which could
fail while Stripe waits for an answer.  For everything else it only tells us to look.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from chassis.db import Database, Transaction
from chassis.endings import database_is_away, is_transient
from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges import gateway as stripe
from services.recharges.domain import card as rules
from services.recharges.domain.card import CardSale, Intent, PaymentDiffers, State
from services.recharges.domain.sale import Sale
from services.recharges.gateway import Away, Gateway, Refused
from services.recharges.handlers import cards as acts
from services.recharges.handlers import disputes
from services.recharges.handlers.cards import PaidAfterVoid, Settled, Tools
from services.recharges.store import cards
from services.recharges.webhook import Event

_log = logging.getLogger(__name__)
#: A till's poll asks Stripe at most this often for one sale.
_POLL_S = 1.0
_SWEPT_AT_ONCE = 50
#: A sweep ends before its own transaction, which only found what is due, counts as idle.
_SWEEP_S_MAX = 20.0


def _nothing(_: object) -> None:
    return None


@dataclass(kw_only=True)
class CardDesk:
    """Takes cards for one process; `settled`, `sold` and `alert` hear what became of sales."""

    database: Database
    gateway: Gateway
    tools: Tools
    now: Callable[[], datetime]
    settled: Callable[[State], object] = _nothing
    sold: Callable[[Sale], object] = _nothing
    alert: Callable[[str], object] = _nothing
    _polled: dict[UUID, datetime] = field(default_factory=dict)

    # -- the till ------------------------------------------------------------------------------

    def ask_payment(self, card: CardSale) -> CardSale:
        """Go on from wherever a card sale stands until its payment is known to us and to Stripe."""
        if card.client_secret is not None:
            return card
        if card.state is State.VOIDED:  # before anybody was told how to pay it
            raise rules.CardSaleOver()
        try:
            intent = self._create(card)
        except Away as away:
            _log.warning("cards are away", extra={"reason": str(away)[:300]})
            raise rules.CardsAway(retry_after_s=2) from away
        except Refused as refused:
            _log.error("payment refused", extra={"reason": str(refused), "stripe": refused.code})
            self._void(card, why=refused.code or "refused")
            raise rules.CardRefused() from refused
        with self.database.transaction() as tx:
            noted = acts.note_intent(tx, card, intent, now=self.now())
        if noted.state is State.PENDING:
            self.settled(State.PENDING)
        if noted.state is State.VOIDED:  # while Stripe was asked
            with suppress(Away, Refused):
                self.gateway.cancel_intent(intent.intent_id, why="too_late")
            raise rules.CardSaleOver()
        return replace(noted, intent_id=intent.intent_id, client_secret=intent.client_secret)

    def poll(self, sale_id: UUID) -> None:
        """Ask Stripe about a pending sale, not too often; no answer changes nothing."""
        now = self.now()
        before = self._polled.get(sale_id)
        if before is not None and now - before < timedelta(seconds=_POLL_S):
            return
        with self.database.transaction() as tx:
            card = cards.find(tx, sale_id)
        if card is None or card.state is not State.PENDING or card.intent_id is None:
            return
        since = now - timedelta(seconds=_POLL_S)
        self._polled = {each: at for each, at in self._polled.items() if at > since}
        self._polled[sale_id] = now
        try:
            self._settle(sale_id, self.gateway.find_intent(card.intent_id))
        except (Away, Refused) as away:
            _log.warning("payment not seen", extra={"reason": str(away)[:300]})

    def give_up(self, card: CardSale, *, user_id: UUID) -> CardSale:
        """End a card sale that the customer does not pay; one that was paid meanwhile is booked."""
        if card.waits and card.intent_id is None:
            self._void(card, why="given_up", user_id=user_id)
        elif card.waits and card.intent_id is not None:
            try:
                intent = self.gateway.cancel_intent(card.intent_id, why="given_up")
                self._settle(card.sale_id, intent, user_id=user_id)
            except (Away, Refused) as away:
                raise rules.CardsAway(retry_after_s=2) from away
        with self.database.transaction() as tx:
            return cards.find(tx, card.sale_id) or card

    # -- the sweeper ---------------------------------------------------------------------------

    def sweep(self, tx: Transaction) -> None:
        """Look at the card sales that are due; `tx` only finds them."""
        began = self.now()
        for sale_id in cards.due(tx, now=began, limit=_SWEPT_AT_ONCE):
            if self.now() - began > timedelta(seconds=_SWEEP_S_MAX):
                return
            try:
                self._look(sale_id)
            except Exception:  # one sale that nobody foresaw must not hold up the others
                _log.exception("card sale not settled", extra={"sale_id": str(sale_id)})

    def _look(self, sale_id: UUID) -> None:
        now = self.now()
        with self.database.transaction() as tx:
            card = cards.find(tx, sale_id)
            if card is None or not card.waits:
                return
            minutes_max = cards.minutes_max(tx, on=business_date(card.ordered_at))
            acts.put_off(tx, card, now=now)  # whatever happens next, not again at once
        over = rules.is_over_at(card, minutes_max=minutes_max) <= now
        try:
            if card.intent_id is None:
                self._look_for_nameless(card, over=over)
            elif over:
                self._settle(sale_id, self.gateway.cancel_intent(card.intent_id, why="too_late"))
            else:
                self._settle(sale_id, self.gateway.find_intent(card.intent_id))
        except Away as away:
            _log.warning("card sale not seen", extra={"reason": str(away)[:300]})
        except Refused as refused:
            self.alert("payment_refused")
            _log.error("card sale not seen", extra={"reason": str(refused)})

    def _look_for_nameless(self, card: CardSale, *, over: bool) -> None:
        """End a sale whose payment we never noted: nobody was given the means to pay it.

        Stripe is asked to cancel what it may have made; where it does not answer, the vouchers come
        back all the same.
        """
        if not over:
            return
        try:
            intent = self.gateway.cancel_intent(self._create(card).intent_id, why="cards_away")
        except (Away, Refused) as away:
            _log.warning("given back unasked", extra={"reason": str(away)[:300]})
            self._void(card, why="cards_away")
        else:
            self._settle(card.sale_id, intent)

    # -- the webhook ---------------------------------------------------------------------------

    def hear(self, event: Event) -> str:
        """Do what a signed event says, each event once; say what came of it."""
        if event.type.startswith("payment_intent."):
            return self._hear_payment(event)
        if event.type in disputes.TYPES:
            self._see_paid(event)
            with self.database.transaction() as tx:
                outcome = disputes.hear(tx, event, pen=self.tools.pen(self.now()))
                fresh = self._keep(tx, event, outcome=outcome)
            if fresh and outcome == "applied":
                self.alert(event.type)
            return outcome
        with self.database.transaction() as tx:
            fresh = self._keep(tx, event, outcome="nothing_to_do")
        if fresh and event.type == "refund.failed":
            _log.error("a refund came back", extra={"refund": event.object.get("id")})
            self.alert(event.type)
        return "nothing_to_do"

    def _hear_payment(self, event: Event) -> str:
        intent = stripe.intent_from(event.object)
        says_more = intent.is_paid or intent.is_over or bool(intent.why)
        settled: Settled | None = None
        try:
            with self._booking(intent), self.database.transaction() as tx:
                sale_id = cards.find_by_intent(tx, intent)
                if sale_id is not None and says_more:
                    settled = acts.settle(tx, sale_id, intent, tools=self.tools, now=self.now())
                changed = settled is not None and settled.changed
                outcome = "applied" if changed else "nothing_to_do" if sale_id else "unknown_object"
                self._keep(tx, event, outcome=outcome)
        except (PaymentDiffers, PaidAfterVoid) as wrong:
            outcome = self._put_right(wrong)
            with self.database.transaction() as tx:
                self._keep(tx, event, outcome=outcome)
        self._tell(settled)
        return outcome

    def _see_paid(self, event: Event) -> None:
        """A dispute may be told before the payment it is about: that one is seen to first."""
        intent_id = event.object.get("payment_intent")
        if not isinstance(intent_id, str):
            return
        with self.database.transaction() as tx:
            sale_id = cards.find_by_intent(tx, disputes.named(intent_id))
            card = cards.find(tx, sale_id) if sale_id else None
        if card is not None and card.waits:
            try:
                self._settle(card.sale_id, self.gateway.find_intent(intent_id))
            except (Away, Refused) as away:
                raise rules.CardsAway(retry_after_s=2) from away

    def _keep(self, tx: Transaction, event: Event, *, outcome: str) -> bool:
        return cards.claim_event(
            tx,
            event_id=event.event_id,
            type=event.type,
            object_id=str(event.object.get("id", "")),
            created_at=event.created_at,
            received_at=self.now(),
            outcome=outcome,
        )

    # -- what all of them end in ---------------------------------------------------------------

    def _create(self, card: CardSale) -> Intent:
        return self.gateway.create_intent(
            sale_id=card.sale_id,
            till_id=card.till_id,
            site_code=card.site_code,
            amount_cents=card.total_cents,
        )

    def _settle(self, sale_id: UUID, intent: Intent, *, user_id: UUID | None = None) -> None:
        try:
            with self._booking(intent), self.database.transaction() as tx:
                settled = acts.settle(
                    tx,
                    sale_id,
                    intent,
                    tools=self.tools,
                    now=self.now(),
                    user_id=user_id,
                )
        except (PaymentDiffers, PaidAfterVoid) as wrong:
            self._put_right(wrong)
        else:
            self._tell(settled)

    @contextmanager
    def _booking(self, intent: Intent) -> Iterator[None]:
        """Let somebody know of money that was taken and cannot be booked: it is tried again."""
        try:
            yield
        except (Refusal, PaymentDiffers, PaidAfterVoid):
            raise
        except Exception as error:
            if not intent.is_paid or database_is_away(error) or is_transient(error):
                raise
            _log.exception("paid and not booked", extra={"intent": intent.intent_id})
            self.alert("paid_not_booked")
            raise rules.PaidNotBooked(retry_after_s=30) from error

    def _void(self, card: CardSale, *, why: str, user_id: UUID | None = None) -> None:
        with self.database.transaction() as tx:
            voided = acts.void(tx, card, why=why, pen=self.tools.pen(self.now(), by=user_id))
        if voided:
            self.settled(State.VOIDED)

    def _tell(self, settled: Settled | None) -> None:
        if settled is not None and settled.changed:
            self.settled(settled.card.state)
        if settled is not None and settled.booked is not None:
            self.sold(settled.booked)

    def _put_right(self, wrong: PaymentDiffers | PaidAfterVoid) -> str:
        """Give back money that came in for nothing; let somebody know of any that differs."""
        _log.error("payment needs a look", extra={"reason": str(wrong)})
        if isinstance(wrong, PaymentDiffers):
            self.alert("payment_differs")
            return "differs"
        self.alert("paid_after_void")
        try:
            self.gateway.refund(
                refund_id=uuid5(wrong.card.sale_id, "paid after void"),
                intent_id=wrong.intent.intent_id,
                amount_cents=wrong.intent.received_cents,
            )
        except Away as away:
            raise rules.CardsAway(retry_after_s=2) from away
        except Refused as refused:
            _log.error("money not given back", extra={"reason": str(refused)})
        return "given_back"
