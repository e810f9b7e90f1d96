"""Refunds: never more than was charged, never of what was not."""

from deploy.stripe.desk import Desk, Document
from deploy.stripe.errors import INVALID, Refused, bad_parameter
from deploy.stripe.forms import Form, metadata, one_of, shape, text, whole

KIND = "refund"
CREATE = shape(
    optional={
        "payment_intent": text,
        "charge": text,
        "amount": whole(1, 99_999_999),
        "metadata": metadata,
        "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    }
)


def create(desk: Desk, form: Form) -> Document:
    """Gives money back, all that is left of the charge unless an amount is named."""
    charge = _charge_of(desk, form)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if _is_taken_back(desk, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refused(400, INVALID, message, code="charge_disputed")
    if not left:
        message = f"Charge {charge['id']} has already been refunded."
        raise Refused(400, INVALID, message, code="charge_already_refunded")
    amount = form.get("amount", left)
    if amount > left:
        message = (
            f"Refund amount (€{amount / 100:.2f}) is greater than unrefunded amount on charge "
            f"(€{left / 100:.2f})"
        )
        raise Refused(400, INVALID, message, param="amount")
    refund = {
        "id": desk.new_id("re"),
        "object": KIND,
        "amount": amount,
        "charge": charge["id"],
        "created": desk.now,
        "currency": charge["currency"],
        "failure_reason": None,
        "metadata": form.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "reason": form.get("reason"),
        "status": "succeeded",
    }
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    desk.save(charge)
    desk.tell("refund.created", desk.save(refund))
    desk.tell("charge.refunded", charge)
    return refund


def fail(desk: Desk, refund: Document) -> Document:
    """The customer's bank sends the money back, days later: it is ours again."""
    if refund["status"] != "succeeded":
        raise Refused(400, INVALID, f"This refund is {refund['status']}.")
    charge = desk.need("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    desk.save(charge)
    desk.tell("refund.failed", desk.save(refund))
    return refund


def _charge_of(desk: Desk, form: Form) -> Document:
    if ("payment_intent" in form) == ("charge" in form):
        message = "One of these params must be given: payment_intent, charge."
        raise bad_parameter("payment_intent", "parameter_missing", message)
    if "charge" in form:
        charge = desk.need("charge", form["charge"], param="charge")
        intent = desk.need("payment_intent", charge["payment_intent"])
    else:
        intent = desk.need("payment_intent", form["payment_intent"], param="payment_intent")
        charge = desk.need("charge", intent["latest_charge"]) if intent["latest_charge"] else {}
    if intent["status"] != "succeeded" or not charge["captured"]:
        message = (
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
        raise Refused(400, INVALID, message, param="payment_intent")
    return charge


def _is_taken_back(desk: Desk, charge: Document) -> bool:
    return bool(charge["dispute"]) and desk.need("dispute", charge["dispute"])["status"] != "won"
