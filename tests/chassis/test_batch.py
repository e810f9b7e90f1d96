"""Group commit: what waits runs together, and nobody fails for another."""

from collections.abc import Callable, Sequence

import eventlet
import pytest
from psycopg import OperationalError, errors
from psycopg_pool import PoolTimeout

from chassis.batch import Batch
from kernel.refusal import Refusal

Outcomes = Sequence[str | Refusal]


class Odd(Refusal):
    """{number} is odd."""

    code = "tests.number.odd"


class Recorder:
    """Runs batches and remembers them; `trouble` may raise before a batch is answered."""

    def __init__(self, trouble: Callable[[list[int], int], None] = lambda batch, run: None) -> None:
        self.batches: list[list[int]] = []
        self._trouble = trouble

    def __call__(self, numbers: Sequence[int]) -> Outcomes:
        self.batches.append(list(numbers))
        eventlet.sleep(0.01)  # a commit takes a while, in which others come
        self._trouble(list(numbers), len(self.batches))
        return [Odd(number=n) if n % 2 else f"answer {n}" for n in numbers]


def submit(batch: Batch[int, str], *numbers: int) -> list[str | BaseException]:
    """Submit all at once, as callers do; return each one's answer or what it raised."""

    def ask(number: int) -> str | BaseException:
        try:
            return batch.submit(number)
        except Exception as error:
            return error

    return [thread.wait() for thread in [eventlet.spawn(ask, number) for number in numbers]]


def batch_of(run: Callable[[Sequence[int]], Outcomes], count_max: int = 100) -> Batch[int, str]:
    return Batch(run, kind="number", count_max=count_max)


class TestBatch:
    def test_answers_a_lone_command_in_a_batch_of_its_own(self) -> None:
        run = Recorder()

        assert submit(batch_of(run), 2) == ["answer 2"]
        assert run.batches == [[2]]

    def test_runs_what_came_while_another_was_committed_as_one(self) -> None:
        run = Recorder()
        batch = batch_of(run)

        # The first starts at once; the others come while it sleeps.
        threads = [eventlet.spawn(submit, batch, 0)]
        eventlet.sleep(0.002)
        threads.append(eventlet.spawn(submit, batch, *range(2, 20, 2)))

        answers = [answer for thread in threads for answer in thread.wait()]
        assert answers == [f"answer {n}" for n in range(0, 20, 2)]
        assert run.batches == [[0], list(range(2, 20, 2))]

    def test_holds_no_more_than_its_limit(self) -> None:
        run = Recorder()

        submit(batch_of(run, count_max=4), *range(10))

        assert max(len(numbers) for numbers in run.batches) == 4
        assert sorted(n for numbers in run.batches for n in numbers) == list(range(10))

    def test_raises_a_refusal_for_its_own_command_only(self) -> None:
        answers = submit(batch_of(Recorder()), 0, 1, 2)

        assert (answers[0], answers[2]) == ("answer 0", "answer 2")
        assert isinstance(answers[1], Odd)

    def test_goes_on_after_a_failure(self) -> None:
        def fail_first(_: list[int], run: int) -> None:
            if run <= 2:
                raise ZeroDivisionError

        batch = batch_of(Recorder(fail_first))

        assert isinstance(submit(batch, 2)[0], ZeroDivisionError)
        assert submit(batch, 2) == ["answer 2"]


class TestFailure:
    def test_of_one_command_is_its_own(self) -> None:
        def crash_on_six(numbers: list[int], _: int) -> None:
            if 6 in numbers:
                raise ZeroDivisionError("six")

        run = Recorder(crash_on_six)
        answers = submit(batch_of(run), 2, 4, 6, 8)

        assert [type(answer) for answer in answers] == [str, str, ZeroDivisionError, str]
        assert run.batches[0] == [2, 4, 6, 8]
        assert run.batches[1:] == [[2], [4], [6], [8]]

    def test_that_passes_is_not_noticed(self) -> None:
        # Another process has just stored a sale under the same key.
        def clash_once(_: list[int], run: int) -> None:
            if run == 1:
                raise errors.UniqueViolation("sale_key_once")

        run = Recorder(clash_once)

        assert submit(batch_of(run), 2) == ["answer 2"]
        assert run.batches == [[2], [2]]

    def test_of_a_connection_runs_all_again_together(self) -> None:
        def break_once(_: list[int], run: int) -> None:
            if run == 1:
                raise OperationalError("server closed the connection unexpectedly")

        run = Recorder(break_once)

        assert submit(batch_of(run), 2, 4) == ["answer 2", "answer 4"]
        assert run.batches == [[2, 4], [2, 4]]

    def test_of_a_connection_twice_is_everybodys(self) -> None:
        def broken(_: list[int], __: int) -> None:
            raise OperationalError("server closed the connection unexpectedly")

        run = Recorder(broken)
        answers = submit(batch_of(run), 2, 4, 6)

        assert [type(answer) for answer in answers] == [OperationalError] * 3
        assert len(run.batches) == 2

    def test_to_get_a_connection_is_waited_for_once_by_all(self) -> None:
        def away(_: list[int], __: int) -> None:
            raise PoolTimeout("couldn't get a connection after 5.00 sec")

        run = Recorder(away)
        answers = submit(batch_of(run), 2, 4, 6)

        assert [type(answer) for answer in answers] == [PoolTimeout] * 3
        assert run.batches == [[2, 4, 6]]

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_to_answer_everybody_is_a_failure(self, count: int) -> None:
        answers = submit(batch_of(lambda numbers: ["answer"] * count), 2, 4)

        if count == 1:  # one answer is right for a list of one
            assert answers == ["answer", "answer"]
        else:
            assert [type(answer) for answer in answers] == [AssertionError] * 2
