"""Sales by card: given up, revealed, looked at; and what Stripe tells of them."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from prometheus_client import Counter, Gauge

from chassis import clock, http, idempotency, metrics
from chassis.db import Database, Transaction
from chassis.http import Call
from chassis.ids import new_id
from chassis.resources import DatabaseProvider
from chassis.timer import every
from kernel.refusal import Refusal
from services.recharges import settings
from services.recharges.api import cards as api
from services.recharges.api import selling as selling_api
from services.recharges.domain.card import CardSale, CardSaleUnknown, PaidNotBooked, State
from services.recharges.domain.sale import Order
from services.recharges.doors import STAFF, secrets
from services.recharges.doors.counting import count
from services.recharges.gateway import Gateway
from services.recharges.handlers import cards as acts
from services.recharges.handlers import showing
from services.recharges.handlers.card_desk import CardDesk
from services.recharges.store import cards

_SWEEP_S = 2.0

_card_sales = Counter(
    "relais_card_sales", "Card sales that came to a state", ["state"], registry=metrics.registry
)
_waiting = Gauge(
    "relais_card_sales_waiting", "Card sales not settled", ["state"], registry=metrics.registry
)
_disputes = Gauge(
    "relais_card_disputes_open", "Payments that a bank takes back", registry=metrics.registry
)
_alerts = Counter(
    "relais_card_alerts",
    "Card payments that somebody has to look at",
    ["kind"],
    registry=metrics.registry,
)


@cache
def tools() -> acts.Tools:
    """What booking a sale needs in this process."""
    return acts.Tools(pins=secrets.pins(), keys=secrets.journal_keys(), new_id=new_id)


@cache
def gateway() -> Gateway:
    """The way to Stripe of this process."""
    told = settings.of_cards()
    return Gateway(
        api_key=told.stripe_api_key.get_secret_value(),
        webhook_secret=told.stripe_webhook_secret.get_secret_value(),
        base=told.stripe_api_base,
    )


def alert(kind: str) -> None:
    """Let somebody know of a payment that no rule puts right."""
    _alerts.labels(kind).inc()


@cache
def desk(database: Database) -> CardDesk:
    """The one desk of this process."""
    return CardDesk(
        database=database,
        gateway=gateway(),
        tools=tools(),
        now=clock.now,
        settled=lambda state: _card_sales.labels(state.value).inc(),
        sold=lambda sale: count([sale]),
        alert=alert,
    )


def reserving(database: Database) -> Callable[[Sequence[Order]], Sequence[CardSale | Refusal]]:
    """Return what holds the vouchers of card sales, each in a transaction of its own."""

    def run(orders: Sequence[Order]) -> list[CardSale | Refusal]:
        return [_reserve(database, order) for order in orders]

    return run


def _reserve(database: Database, order: Order) -> CardSale | Refusal:
    try:
        with database.transaction() as tx:
            card = acts.reserve(tx, order, new_id=new_id)
    except Refusal as refusal:
        return refusal
    if card.sale_id == order.sale_id:
        _card_sales.labels(State.RESERVED.value).inc()
    return card


def asked(card: CardSale) -> api.CardSaleAsked:
    """Return the answer to a card sale, the same whatever has become of it since."""
    return api.CardSaleAsked(
        sale_id=card.sale_id,
        state="pending",
        payment=api.PaymentAsked(
            intent_id=card.intent_id or "", client_secret=card.client_secret or ""
        ),
    )


class CardDoors:
    """Card sales after they were asked for."""

    database: Any = DatabaseProvider()

    @http.door("GET", "/v1/sales/<uuid:sale_id>", answer=selling_api.SaleShown, allow=STAFF)
    def get_sale(self, call: Call, sale_id: UUID) -> selling_api.SaleShown:
        """Show a sale of one's own site, without PINs; one that is pending is looked at first."""
        shown = self._show(call, sale_id)
        if shown.state == "pending":
            desk(self.database).poll(sale_id)
            shown = self._show(call, sale_id)
        return shown

    def _show(self, call: Call, sale_id: UUID) -> selling_api.SaleShown:
        with self.database.transaction() as tx:
            shown = showing.show_sale(tx, sale_id, language=call.language)
        call.caller.require_site(shown.site_code)
        return shown

    @http.door(
        "POST",
        "/v1/sales/<uuid:sale_id>/cancellations",
        answer=api.CardSaleEnded,
        allow=STAFF,
        keyed=True,
    )
    def cancel_sale(self, call: Call, sale_id: UUID) -> api.CardSaleEnded:
        """Give up a card sale that is not paid; one that was paid meanwhile is completed.

        The key is claimed before Stripe is asked, and stays with this sale if that fails.
        """
        key = call.key or ""
        with self.database.transaction() as tx:
            card = cards.find(tx, sale_id)
            if card is None:
                raise CardSaleUnknown(sale_id=sale_id)
            call.caller.require_site(card.site_code)
            before = idempotency.claim(
                tx, key=key, request_hash=call.request_hash, caller=call.caller
            )
        if before is not None and before[1] is not None:
            return api.CardSaleEnded.model_validate_json(before[1])
        card = desk(self.database).give_up(card, user_id=call.caller.user_id)
        if card.waits:  # what was paid is not what was asked for
            raise PaidNotBooked(retry_after_s=30)
        voided = card.state is State.VOIDED
        ended = api.CardSaleEnded(sale_id=sale_id, state="voided" if voided else "completed")
        with self.database.transaction() as tx:
            idempotency.keep(tx, key=key, status=200, answer=ended.model_dump_json())
        return ended

    @http.door(
        "POST",
        "/v1/stripe/webhooks",
        body=http.Bytes("application/json"),
        answer=api.EventHeard,
        allow=http.ANYONE,
    )
    def hear_stripe(self, call: Call, body: bytes) -> api.EventHeard:
        """Hear an event that Stripe signed; each is heard once, and unknown ones are accepted."""
        signature = call.headers.get("Stripe-Signature", "")
        event = gateway().read_event(body, signature=signature, now=call.now)
        return api.EventHeard(outcome=desk(self.database).hear(event))

    @every(_SWEEP_S)
    def sweep_card_sales(self, tx: Transaction) -> None:
        """Finish or give back the card sales that stuck, and show how many wait."""
        desk(self.database).sweep(tx)
        waiting = cards.count_waiting(tx)
        for state in (State.RESERVED, State.PENDING):
            _waiting.labels(state.value).set(waiting.get(state.value, 0))
        _disputes.set(cards.count_open_disputes(tx))
