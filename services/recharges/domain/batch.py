"""A delivered batch: released by a second person, frozen, recalled.

State      what it means, and where it may go
received   its vouchers wait in quarantine -> active | frozen | recalled
active     what is available of it may be sold -> frozen | recalled
frozen     nothing of it is sold for now -> active | recalled
recalled   nothing of it is ever sold again (end)
"""

from enum import StrEnum
from typing import Literal

from kernel.refusal import NotFound, Refusal


class BatchState(StrEnum):
    """Where a batch stands in its life."""

    RECEIVED = "received"
    ACTIVE = "active"
    FROZEN = "frozen"
    RECALLED = "recalled"


Verb = Literal["release", "freeze", "unfreeze", "recall"]
_VERBS: dict[Verb, tuple[frozenset[BatchState], BatchState]] = {
    # what is set aside of an active batch is released too
    "release": (frozenset({BatchState.RECEIVED, BatchState.ACTIVE}), BatchState.ACTIVE),
    "freeze": (frozenset({BatchState.RECEIVED, BatchState.ACTIVE}), BatchState.FROZEN),
    "unfreeze": (frozenset({BatchState.FROZEN}), BatchState.ACTIVE),
    "recall": (frozenset(BatchState) - {BatchState.RECALLED}, BatchState.RECALLED),
}


class BatchUnknown(NotFound):
    """There is no batch {batch_id}."""

    code = "recharges.batch.unknown"


class BatchRefused(Refusal):
    """This batch is {state}: it cannot become {wanted}."""

    code = "recharges.batch.state_refused"


class NothingToRelease(Refusal):
    """No voucher of this batch is in quarantine here."""

    code = "recharges.batch.nothing_to_release"


class ReleasedAlone(Refusal):
    """Who received or set aside these vouchers cannot release them: a second person does."""

    code = "recharges.batch.second_person_needed"


def after(state: BatchState, verb: Verb) -> BatchState:
    """Return the state a batch goes to, or refuse."""
    allowed, wanted = _VERBS[verb]
    if state not in allowed:
        raise BatchRefused(state=state, wanted=wanted)
    return wanted


def verbs(state: BatchState) -> tuple[Verb, ...]:
    """Say what may be done to a batch as it stands."""
    return tuple(verb for verb, (allowed, _) in _VERBS.items() if state in allowed)
