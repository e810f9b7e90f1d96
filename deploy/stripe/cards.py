"""The test cards, by Stripe's own names, and what each of them leads to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What happens when this card is charged."""

    brand: str = "visa"
    last4: str = "4242"
    code: str = ""
    decline_code: str = ""
    message: str = "Your card was declined."
    asks_for_authentication: bool = False
    is_disputed: bool = False


_DECLINED = Card(last4="0002", code="card_declined", decline_code="generic_decline")
_POOR = Card(
    last4="9995",
    code="card_declined",
    decline_code="insufficient_funds",
    message="Your card has insufficient funds.",
)

CARDS = {
    "pm_card_visa": Card(),
    "pm_card_mastercard": Card(brand="mastercard", last4="4444"),
    "pm_card_chargeDeclined": _DECLINED,
    "pm_card_visa_chargeDeclined": _DECLINED,
    "pm_card_chargeDeclinedInsufficientFunds": _POOR,
    "pm_card_visa_chargeDeclinedInsufficientFunds": _POOR,
    "pm_card_chargeDeclinedExpiredCard": Card(
        last4="0069", code="expired_card", message="Your card has expired."
    ),
    "pm_card_chargeDeclinedProcessingError": Card(
        last4="0119",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    "pm_card_authenticationRequired": Card(last4="3184", asks_for_authentication=True),
    "pm_card_createDispute": Card(last4="0259", is_disputed=True),
}
