"""Payment intents: made, confirmed, authenticated, captured, cancelled."""

from typing import Any

from deploy.stripe import disputes
from deploy.stripe.cards import CARDS, Card
from deploy.stripe.desk import Desk, Document
from deploy.stripe.errors import INVALID, Refused, missing, unexpected_state
from deploy.stripe.forms import Form, flag, list_of, metadata, one_of, shape, text, whole

KIND = "payment_intent"
AMOUNT_LEAST_CENTS = 50
AMOUNT_MOST_CENTS = 99_999_999

CONFIRM = shape(optional={"payment_method": text, "return_url": text})
CANCEL = shape(
    optional={
        "cancellation_reason": one_of(
            "duplicate", "fraudulent", "requested_by_customer", "abandoned"
        )
    }
)
CAPTURE = shape(optional={"amount_to_capture": whole(1, AMOUNT_MOST_CENTS)})
CREATE = shape(
    required={"amount": whole(1, AMOUNT_MOST_CENTS), "currency": one_of("eur")},
    optional={
        "allowed_payment_method_types": list_of(one_of("card")),
        "automatic_payment_methods": shape(
            required={"enabled": flag}, optional={"allow_redirects": one_of("always", "never")}
        ),
        "capture_method": one_of("automatic", "automatic_async", "manual"),
        "confirm": flag,
        "description": text,
        "metadata": metadata,
        "payment_method": text,
        "payment_method_types": list_of(one_of("card")),  # its name before version "endive"
        "receipt_email": text,
        "return_url": text,
        "statement_descriptor_suffix": text,
    },
)
_TYPES = ("allowed_payment_method_types", "payment_method_types")
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(desk: Desk, form: Form) -> Document:
    """A new intent, charged at once when `confirm` says so."""
    if form["amount"] < AMOUNT_LEAST_CENTS:
        message = f"Amount must be at least €{AMOUNT_LEAST_CENTS / 100:.2f} eur"
        raise Refused(400, INVALID, message, kept=False, code="amount_too_small", param="amount")
    chosen = form.keys() & {*_TYPES, "automatic_payment_methods"}
    if len(chosen) > 1:
        message = f"You may only give one of {', '.join(sorted(chosen))}."
        raise Refused(400, INVALID, message, kept=False)
    if "payment_method" in form:
        card_of(form["payment_method"])
    if form.get("return_url") and not form.get("confirm"):
        message = "A return_url can only be given together with confirm=true."
        raise Refused(400, INVALID, message, kept=False, param="return_url")
    intent = _new(desk, form)
    if form.get("confirm"):
        _require_confirmable(intent, form)  # refuses before the intent is there
    desk.save(intent)
    desk.tell("payment_intent.created", intent)
    return _charge(desk, intent, form) if form.get("confirm") else intent


def confirm(desk: Desk, form: Form, identifier: str) -> Document:
    """Charges the card; one that is declined is an error, and the intent waits for another."""
    intent = desk.need(KIND, identifier)
    _require_confirmable(intent, form)
    return _charge(desk, intent, form)


def pay(desk: Desk, intent: Document, card: Card, *, name: str) -> Document:
    """What the customer does at the payment form: a declined card shows in the intent."""
    if intent["status"] not in _OPEN:
        raise unexpected_state(intent, f"This PaymentIntent is {intent['status']}.")
    return _attempt(desk, intent, card, name=name)


def authenticate(desk: Desk, intent: Document, *, succeeds: bool) -> Document:
    """What the customer does when the bank asks who they are."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "Nobody is asked to authenticate this PaymentIntent.")
    card = CARDS[intent["payment_method"]]
    if succeeds:
        return _succeed(desk, intent, card)
    return _fail(
        desk,
        intent,
        card,
        code="payment_intent_authentication_failure",
        message="The provided PaymentMethod has failed authentication.",
    )


def cancel(desk: Desk, form: Form, identifier: str) -> Document:
    """Gives up an intent that has not succeeded."""
    intent = desk.need(KIND, identifier)
    allowed = (*_OPEN, "requires_capture")
    if intent["status"] not in allowed:
        message = (
            "You cannot cancel this PaymentIntent because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            f"canceled: {', '.join(allowed)}."
        )
        raise unexpected_state(intent, message)
    intent |= {
        "status": "canceled",
        "canceled_at": desk.now,
        "cancellation_reason": form.get("cancellation_reason"),
        "amount_capturable": 0,
        "next_action": None,
    }
    desk.tell("payment_intent.canceled", desk.save(intent))
    return intent


def capture(desk: Desk, form: Form, identifier: str) -> Document:
    """Takes what was only held."""
    intent = desk.need(KIND, identifier)
    if intent["status"] != "requires_capture":
        message = (
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture."
        )
        raise unexpected_state(intent, message)
    taken = form.get("amount_to_capture", intent["amount"])
    if taken > intent["amount_capturable"]:
        message = "The amount to capture is more than what is held."
        raise Refused(400, INVALID, message, code="amount_too_large", param="amount_to_capture")
    charge = desk.need("charge", intent["latest_charge"])
    charge |= {"captured": True, "amount_captured": taken}
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": taken}
    desk.tell("charge.captured", desk.save(charge))
    desk.tell("payment_intent.succeeded", desk.save(intent))
    return intent


def card_of(name: str) -> Card:
    """The test card of that name."""
    if name not in CARDS:
        raise missing("PaymentMethod", name, param="payment_method")
    return CARDS[name]


def _new(desk: Desk, form: Form) -> Document:
    identifier = desk.new_id("pi")
    # Payment methods are automatic where the caller names none, as in Stripe's recent versions.
    automatic = form.get("automatic_payment_methods")
    if automatic is None and not form.keys() & {*_TYPES}:
        automatic = {"enabled": True}
    return {
        "id": identifier,
        "object": KIND,
        "amount": form["amount"],
        "amount_capturable": 0,
        "amount_received": 0,
        "automatic_payment_methods": automatic and {"allow_redirects": "always", **automatic},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": form.get("capture_method", "automatic"),
        "client_secret": f"{identifier}_secret_{desk.new_id('s')[2:]}",
        "confirmation_method": "automatic",
        "created": desk.now,
        "currency": form["currency"],
        "customer": None,
        "description": form.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": form.get("metadata", {}),
        "next_action": None,
        "payment_method": form.get("payment_method"),
        "payment_method_types": next((form[each] for each in _TYPES if each in form), ["card"]),
        "receipt_email": form.get("receipt_email"),
        "statement_descriptor_suffix": form.get("statement_descriptor_suffix"),
        "status": (
            "requires_confirmation" if form.get("payment_method") else "requires_payment_method"
        ),
    }


def _require_confirmable(intent: Document, form: Form) -> None:
    """Refuses what cannot be charged, before anything has happened."""
    if intent["status"] not in _OPEN:
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded."
            if intent["status"] == "succeeded"
            else f"You cannot confirm this PaymentIntent: its status is {intent['status']}."
        )
        raise unexpected_state(intent, message)
    name = form.get("payment_method") or intent["payment_method"]
    if name is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method: "
            "update it with one, or give one at confirmation."
        )
        raise unexpected_state(intent, message)
    card_of(name)
    automatic = intent["automatic_payment_methods"] or {}
    redirects = automatic.get("enabled") and automatic["allow_redirects"] != "never"
    if redirects and not form.get("return_url"):
        message = (
            "This PaymentIntent accepts payment methods that may redirect the customer: give a "
            "`return_url`, or set `automatic_payment_methods[allow_redirects]` to `never`."
        )
        raise Refused(400, INVALID, message, param="return_url")


def _charge(desk: Desk, intent: Document, form: Form) -> Document:
    name = form.get("payment_method") or intent["payment_method"]
    after = _attempt(desk, intent, card_of(name), name=name, return_url=form.get("return_url"))
    error: dict[str, Any] | None = after["last_payment_error"]
    if error:
        more = {key: value for key, value in error.items() if key not in ("type", "message")}
        raise Refused(402, error["type"], error["message"], **more, payment_intent=after)
    return after


def _attempt(
    desk: Desk, intent: Document, card: Card, *, name: str, return_url: str | None = None
) -> Document:
    intent |= {"payment_method": name, "last_payment_error": None, "next_action": None}
    if card.code:
        return _fail(desk, intent, card, code=card.code, message=card.message)
    if card.asks_for_authentication:
        intent["status"] = "requires_action"
        intent["next_action"] = (
            {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": None}}
            if return_url
            else {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        )
        desk.tell("payment_intent.requires_action", desk.save(intent))
        return intent
    return _succeed(desk, intent, card)


def _succeed(desk: Desk, intent: Document, card: Card) -> Document:
    held = intent["capture_method"] == "manual"
    charge = _new_charge(desk, intent, card)
    charge |= {
        "status": "succeeded",
        "paid": True,
        "captured": not held,
        "amount_captured": 0 if held else intent["amount"],
    }
    intent |= {
        "status": "requires_capture" if held else "succeeded",
        "amount_capturable": intent["amount"] if held else 0,
        "amount_received": 0 if held else intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
    }
    desk.save(charge)
    desk.save(intent)
    desk.tell("charge.succeeded", charge)
    told = "payment_intent.amount_capturable_updated" if held else "payment_intent.succeeded"
    desk.tell(told, intent)
    if card.is_disputed and not held:
        disputes.open_one(desk, charge, reason="fraudulent")
    return intent


def _fail(desk: Desk, intent: Document, card: Card, *, code: str, message: str) -> Document:
    charge = _new_charge(desk, intent, card)
    charge |= {"status": "failed", "failure_code": code, "failure_message": message}
    error = {"type": "card_error", "code": code, "message": message, "charge": charge["id"]}
    if card.decline_code:
        error["decline_code"] = card.decline_code
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": error,
        "latest_charge": charge["id"],
        "next_action": None,
    }
    desk.save(charge)
    desk.save(intent)
    desk.tell("charge.failed", charge)
    desk.tell("payment_intent.payment_failed", intent)
    return intent


def _new_charge(desk: Desk, intent: Document, card: Card) -> Document:
    return {
        "id": desk.new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "captured": False,
        "created": desk.now,
        "currency": intent["currency"],
        "dispute": None,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
        "payment_method_details": {
            "type": "card",
            "card": {"brand": card.brand, "last4": card.last4},
        },
        "refunded": False,
        "status": "pending",
    }
