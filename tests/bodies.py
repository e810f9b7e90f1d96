"""The JSON of a referral, which tests of every part of the house send."""

from collections.abc import Sequence
from typing import Any


def a_referral(
    *, site_code: str, person: dict[str, Any], needs: Sequence[str] = ("recharge",)
) -> dict[str, Any]:
    """The body of `POST referrals/v1/referrals`, and of a walk-in; every person is fictional."""
    return {
        "person": person,
        "situation": "budget",
        "needs": list(needs),
        "site_code": site_code,
        "entry": {
            "monthly_spend_cents": 3_500,
            "has_mobile": True,
            "has_computer": False,
            "has_internet": False,
        },
    }
