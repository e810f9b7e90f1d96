"""Why a till was frozen, in a sentence for who looks at it: `till.frozen_why` is a code."""

from collections.abc import Mapping

#: The journal of the till itself does not hold; every other code is of a line sold offline.
CHAIN_BROKEN = "chain_broken"
_DOES_NOT_FOLLOW = (
    "Sales were sent up that do not follow one another: one is missing, or was changed afterwards."
)

SENTENCES: Mapping[str, str] = {
    CHAIN_BROKEN: "The journal of this till does not hold: a record is missing, or was changed.",
    "recharges.offline.fork": (
        "Two different sales were sent up under one number: the till may have been copied."
    ),
    "recharges.offline.chain_broken": _DOES_NOT_FOLLOW,
    "recharges.offline.hash_wrong": _DOES_NOT_FOLLOW,
    "recharges.offline.time_broken": (
        "A sale was sent up whose time cannot be right: the clock of the till may be wrong."
    ),
}
GENERAL = "A sale was sent up that this till could not have made with what it was lent."


def sentence(why: str) -> str:
    """Return what to say of why a till was frozen."""
    return SENTENCES.get(why, GENERAL)
