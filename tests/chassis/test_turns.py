"""Callers of one key take turns until one of them has its answer."""

import eventlet
import pytest
from eventlet import GreenPool

from chassis.turns import Turns
from kernel.refusal import Unavailable


def run(turns: Turns, *, count: int, fails: int = 0, works_s: float = 0.02) -> tuple[int, int]:
    """How many callers worked at once at most before any had an answer, and how many failed."""
    at_once = most = failed = answered = 0

    def call(number: int) -> None:
        nonlocal at_once, most, failed, answered
        try:
            with turns.take("key", wait_s=5.0):
                at_once += 1
                most = most if answered else max(most, at_once)
                try:
                    eventlet.sleep(works_s)
                    if number < fails:
                        raise ZeroDivisionError
                    answered += 1
                finally:
                    at_once -= 1
        except ZeroDivisionError:
            failed += 1

    pool = GreenPool(count)
    for number in range(count):
        pool.spawn(call, number)
    pool.waitall()
    return most, failed


class TestTurns:
    def test_let_one_work_until_one_has_answered(self) -> None:
        assert run(Turns(), count=20) == (1, 0)

    def test_pass_to_the_next_when_one_fails(self) -> None:
        assert run(Turns(), count=20, fails=5) == (1, 5)

    def test_are_over_after_a_while(self) -> None:
        turns = Turns()
        with (
            turns.take("key", wait_s=0.01),
            pytest.raises(Unavailable),
            turns.take("key", wait_s=0.01),
        ):
            raise AssertionError("nobody comes here")

    def test_are_of_one_key(self) -> None:
        turns = Turns()
        with turns.take("one", wait_s=0.01), turns.take("other", wait_s=0.01):
            pass

    def test_are_forgotten(self) -> None:
        turns = Turns()

        run(turns, count=3, fails=1)

        assert turns._turns == {}
