"""Disputes: the customer's bank takes a charge back, and somebody decides."""

from deploy.stripe.desk import Desk, Document
from deploy.stripe.errors import INVALID, Refused

KIND = "dispute"
ANSWER_WITHIN_S = 7 * 86_400
_OPEN = ("needs_response", "under_review")


def open_one(desk: Desk, charge: Document, *, reason: str) -> Document:
    """The charge is disputed, and what is left of it withdrawn at once."""
    if not charge["captured"] or charge["dispute"]:
        raise Refused(400, INVALID, f"Charge {charge['id']} cannot be disputed.")
    dispute = {
        "id": desk.new_id("dp"),
        "object": KIND,
        "amount": charge["amount_captured"] - charge["amount_refunded"],
        "charge": charge["id"],
        "created": desk.now,
        "currency": charge["currency"],
        "evidence_details": {"due_by": desk.now + ANSWER_WITHIN_S, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    charge |= {"disputed": True, "dispute": dispute["id"]}
    desk.save(charge)
    desk.tell("charge.dispute.created", desk.save(dispute))
    desk.tell("charge.dispute.funds_withdrawn", dispute)
    return dispute


def close(desk: Desk, dispute: Document, *, status: str) -> Document:
    """The bank decides, once: won or lost."""
    if dispute["status"] not in _OPEN:
        raise Refused(400, INVALID, f"This dispute is {dispute['status']} already.")
    dispute["status"] = status
    desk.tell("charge.dispute.closed", desk.save(dispute))
    if status == "won":
        desk.tell("charge.dispute.funds_reinstated", dispute)
    return dispute
