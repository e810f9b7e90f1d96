"""The life of one device, from the donor's lot to the person who buys it, or to recycling.

    received -> wiped -> tested -> ready -> sold <-> in_repair
       |          |         |        |
       v          v         +--------+--> end_of_life
    wipe_failed  test_failed --------^
       |
       v
    destroyed ---> end_of_life

A failed wipe or test is a state of its own: nothing that is not passed ever looks passed.  No
device leaves, sold or recycled, while it still holds its former owner's data: there is no way out
of `received` and `wipe_failed` but a wipe or a destruction.  See docs/rules/guarantee.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.refusal import NotFound, Refusal
from services.equipment.domain.kind import Condition, Grade, Kind


class State(StrEnum):
    """Where a device is in its life."""

    RECEIVED = "received"
    WIPED = "wiped"
    WIPE_FAILED = "wipe_failed"
    DESTROYED = "destroyed"
    TESTED = "tested"
    TEST_FAILED = "test_failed"
    READY = "ready"
    SOLD = "sold"
    IN_REPAIR = "in_repair"
    END_OF_LIFE = "end_of_life"


class Step(StrEnum):
    """What happens to a device."""

    RECEIVE = "receive"
    WIPE = "wipe"
    FAIL_WIPE = "fail_wipe"
    DESTROY = "destroy"
    TEST = "test"
    FAIL_TEST = "fail_test"
    GRADE = "grade"
    SELL = "sell"
    OPEN_REPAIR = "open_repair"
    CLOSE_REPAIR = "close_repair"
    RETIRE = "retire"


_WIPING = {
    Step.WIPE: State.WIPED,
    Step.FAIL_WIPE: State.WIPE_FAILED,
    Step.DESTROY: State.DESTROYED,
}
_TESTING = {Step.TEST: State.TESTED, Step.FAIL_TEST: State.TEST_FAILED}
_RETIRING = {Step.RETIRE: State.END_OF_LIFE}

# The whole life cycle; anything not listed is refused.  The table `transition` in the database
# holds the same lines, and a test compares the two.
TRANSITIONS: Mapping[State, Mapping[Step, State]] = {
    State.RECEIVED: _WIPING,
    State.WIPE_FAILED: _WIPING,
    State.WIPED: _WIPING | _TESTING | _RETIRING,
    State.TEST_FAILED: _WIPING | _TESTING | _RETIRING,
    State.TESTED: _WIPING | _TESTING | _RETIRING | {Step.GRADE: State.READY},
    State.READY: _RETIRING | {Step.GRADE: State.READY, Step.SELL: State.SOLD},
    State.SOLD: {Step.OPEN_REPAIR: State.IN_REPAIR},
    State.IN_REPAIR: {Step.CLOSE_REPAIR: State.SOLD},
    State.DESTROYED: _RETIRING,
    State.END_OF_LIFE: {},
}


class DeviceUnknown(NotFound):
    """There is no such device."""

    code = "equipment.device.unknown"


class OutOfTurn(Refusal):
    """The state of this device does not allow this."""

    code = "equipment.device.out_of_turn"


class NotWiped(OutOfTurn):
    """The data on this device has not been erased yet."""

    code = "equipment.device.not_wiped"


class FailedWipe(OutOfTurn):
    """The last erasure of this device failed: erase it again or destroy its storage."""

    code = "equipment.device.wipe_failed"


class Destroyed(OutOfTurn):
    """The storage of this device has been destroyed: it can only be recycled."""

    code = "equipment.device.destroyed"


class NotTested(OutOfTurn):
    """This device has not passed its test since its data was erased."""

    code = "equipment.device.not_tested"


class FailedTest(OutOfTurn):
    """This device failed its last test."""

    code = "equipment.device.test_failed"


class NotGraded(OutOfTurn):
    """This device has no grade yet, hence no price."""

    code = "equipment.device.not_graded"


class OnTheShelf(OutOfTurn):
    """This device is ready for sale: this is not the moment for that."""

    code = "equipment.device.on_the_shelf"


class AlreadySold(OutOfTurn):
    """This device is sold."""

    code = "equipment.device.already_sold"


class InRepair(OutOfTurn):
    """This device is being repaired."""

    code = "equipment.device.in_repair"


class AtItsEnd(OutOfTurn):
    """This device has left for recycling."""

    code = "equipment.device.end_of_life"


# A step out of turn is refused with what the device is.
OUT_OF_TURN: Mapping[State, type[OutOfTurn]] = {
    State.RECEIVED: NotWiped,
    State.WIPED: NotTested,
    State.WIPE_FAILED: FailedWipe,
    State.DESTROYED: Destroyed,
    State.TESTED: NotGraded,
    State.TEST_FAILED: FailedTest,
    State.READY: OnTheShelf,
    State.SOLD: AlreadySold,
    State.IN_REPAIR: InRepair,
    State.END_OF_LIFE: AtItsEnd,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One device; `step_no` counts the steps of its life, from 1."""

    device_id: UUID
    lot_id: UUID
    site_code: str
    kind: Kind
    condition: Condition
    brand: str
    model: str
    received_on: date
    state: State = State.RECEIVED
    step_no: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The steps that make a device fit for sale: its passed wipe, its passed test, its grade."""

    wipe_step_no: int
    test_step_no: int
    grade_step_no: int
    grade: Grade


class Wording(StrEnum):
    """What a device may be called; the value is the msgid of the French word."""

    NEW = "new"
    REFURBISHED = "refurbished"
    SECOND_HAND = "second-hand, not checked"


def take(device: Device, *, step: Step) -> Device:
    """Return the device after a step; refuse a step that its state does not allow."""
    to = TRANSITIONS[device.state].get(step)
    if to is None:
        raise OUT_OF_TURN[device.state]
    return replace(device, state=to, step_no=device.step_no + 1)


def wording_of(condition: Condition, *, state: State) -> Wording:
    """Return the word under which a device may be offered (C. conso. R122-4, decree 2022-190).

    "Refurbished" only for a device tested on all its functions and cleared of all earlier data;
    "as new" never.
    """
    if condition is Condition.NEW:
        return Wording.NEW
    if state in (State.TESTED, State.READY, State.SOLD, State.IN_REPAIR):
        return Wording.REFURBISHED
    return Wording.SECOND_HAND
