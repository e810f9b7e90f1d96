"""Why a card payment did not come about, as the person at the till may say it to the customer.

Stripe's decline codes and our own words come down to a few sentences that say what to do.  Whatever
is not listed gets the general one: a card that is lost, stolen or held for fraud must not be told
from any other.
"""

from collections.abc import Mapping

_TOO_LITTLE = (
    "The bank declined the card: there is not enough on it, or its limit is reached. "
    "Please try another card, or take cash."
)
_EXPIRED = "The card has expired. Please try another card, or take cash."
_MISTYPED = "A number was not typed as it is on the card. Please try again."
_TO_CONFIRM = "The bank wants the payment confirmed by the cardholder. Please try again."
_NOT_FOR_THIS = "This card does not serve for such payments. Please try another card, or take cash."
_BANK_AWAY = "The bank did not answer. Please try again in a moment, or take cash."

SENTENCES: Mapping[str, str] = {
    "insufficient_funds": _TOO_LITTLE,
    "card_velocity_exceeded": _TOO_LITTLE,
    "withdrawal_count_limit_exceeded": _TOO_LITTLE,
    "expired_card": _EXPIRED,
    "incorrect_number": _MISTYPED,
    "invalid_number": _MISTYPED,
    "incorrect_cvc": _MISTYPED,
    "invalid_cvc": _MISTYPED,
    "incorrect_pin": _MISTYPED,
    "invalid_pin": _MISTYPED,
    "incorrect_zip": _MISTYPED,
    "invalid_expiry_month": _MISTYPED,
    "invalid_expiry_year": _MISTYPED,
    "authentication_required": _TO_CONFIRM,
    "approve_with_id": _TO_CONFIRM,
    "offline_pin_required": _TO_CONFIRM,
    "online_or_offline_pin_required": _TO_CONFIRM,
    "payment_intent_authentication_failure": _TO_CONFIRM,
    "card_not_supported": _NOT_FOR_THIS,
    "currency_not_supported": _NOT_FOR_THIS,
    "testmode_decline": _NOT_FOR_THIS,
    "issuer_not_available": _BANK_AWAY,
    "processing_error": _BANK_AWAY,
    "reenter_transaction": _BANK_AWAY,
    "try_again_later": _BANK_AWAY,
    # Our own words for why we gave a payment up.
    "too_late": "The payment was not made in time: the sale was given up.",
    "given_up": "The sale was given up at the till.",
    "cards_away": "The card service did not answer: the sale was given up. Please take cash.",
    "cancelled": "The payment was cancelled: the sale was given up.",
}
GENERAL = "The bank declined the card. Please try another card, or take cash."


def sentence(why: str) -> str:
    """Return what to say of a decline, or of a payment that was given up."""
    return SENTENCES.get(why, GENERAL)
