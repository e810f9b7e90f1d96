"""A delivered batch: released by a second person, frozen, recalled.

State      what it means, and where it may go
received   its vouchers wait in quarantine -> active | frozen | recalled
active     what is available of it may be sold -> frozen | recalled
frozen     nothing of it is sold for now -> active | recalled
recalled   nothing of it is ever sold again (end)
"""

from enum import StrEnum

from kernel.refusal import NotFound, Refusal


class BatchState(StrEnum):
    """Where a batch stands in its life."""

    RECEIVED = "received"
    ACTIVE = "active"
    FROZEN = "frozen"
    RECALLED = "recalled"


TRANSITIONS: dict[BatchState, frozenset[BatchState]] = {
    BatchState.RECEIVED: frozenset({BatchState.ACTIVE, BatchState.FROZEN, BatchState.RECALLED}),
    BatchState.ACTIVE: frozenset({BatchState.FROZEN, BatchState.RECALLED}),
    BatchState.FROZEN: frozenset({BatchState.ACTIVE, BatchState.RECALLED}),
    BatchState.RECALLED: frozenset(),
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


def require_move(state: BatchState, wanted: BatchState) -> None:
    """Refuse a change of state that the table does not list."""
    if wanted not in TRANSITIONS[state]:
        raise BatchRefused(state=state, wanted=wanted)


def require_release(state: BatchState) -> None:
    """Refuse to release vouchers of a batch that sells nothing."""
    if state not in (BatchState.RECEIVED, BatchState.ACTIVE):
        raise BatchRefused(state=state, wanted=BatchState.ACTIVE)
