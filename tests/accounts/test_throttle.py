"""How often a password may be wrong, and how long one then waits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain import throttle
from services.accounts.domain.throttle import Limit, OthersPending, Throttle, TooManyAttempts

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMIT = Limit(
    failure_count_max=5,
    window=timedelta(minutes=15),
    first_wait=timedelta(seconds=60),
    wait_max=timedelta(hours=1),
)


def failed(count: int, *, at: datetime = NOON) -> Throttle:
    known = Throttle()
    for _ in range(count):
        known = throttle.fail(Throttle(failure_count=known.failure_count), now=at)
    return known


class TestLine:
    @pytest.mark.parametrize(
        ("address", "line"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
            ("not an address", "not an address"),
        ],
    )
    def test_is_what_one_subscriber_has(self, address: str, line: str) -> None:
        assert throttle.line_of(address) == line


class TestBegin:
    @pytest.mark.parametrize("count", range(5))
    def test_lets_in_below_the_limit(self, count: int) -> None:
        assert throttle.begin(failed(count), limit=LIMIT, now=NOON).pending_count == 1

    def test_lets_in_who_came_before_the_one_that_has_just_failed(self) -> None:
        earlier = NOON - timedelta(seconds=0.2)  # they waited for their turn at the count

        assert throttle.begin(failed(1), limit=LIMIT, now=earlier).pending_count == 1

    def test_stops_at_the_limit_and_says_for_how_long(self) -> None:
        with pytest.raises(TooManyAttempts) as refused:
            throttle.begin(failed(5), limit=LIMIT, now=NOON + timedelta(seconds=0.5))

        assert refused.value.values["retry_after_s"] == 60

    def test_lets_one_in_when_the_wait_is_over(self) -> None:
        later = NOON + timedelta(seconds=60)

        once = throttle.begin(failed(5), limit=LIMIT, now=later)

        with pytest.raises(OthersPending):
            throttle.begin(once, limit=LIMIT, now=later)

    @given(st.integers(5, 500))
    def test_wait_grows_to_its_limit_and_never_shrinks(self, count: int) -> None:
        wait = throttle.wait_after(count, limit=LIMIT)

        assert LIMIT.first_wait <= wait <= LIMIT.wait_max
        assert throttle.wait_after(count + 1, limit=LIMIT) >= wait

    def test_forgets_when_the_window_has_passed(self) -> None:
        begun = throttle.begin(failed(4), limit=LIMIT, now=NOON + LIMIT.window)

        assert begun.failure_count == 0

    def test_longer_wait_is_not_cut_short_by_the_window(self) -> None:
        with pytest.raises(TooManyAttempts):
            throttle.begin(failed(30), limit=LIMIT, now=NOON + LIMIT.window)

    def test_attempts_that_nobody_finished_count_as_failures(self) -> None:
        known = Throttle()
        for _ in range(5):
            known = throttle.begin(known, limit=LIMIT, now=NOON)

        with pytest.raises(OthersPending):
            throttle.begin(known, limit=LIMIT, now=NOON)
        with pytest.raises(OthersPending):
            throttle.begin(known, limit=LIMIT, now=NOON + throttle.PENDING_MAX)
        after = throttle.begin(known, limit=LIMIT, now=NOON + timedelta(seconds=61))
        assert (after.failure_count, after.pending_count) == (5, 1)

    @given(st.lists(st.sampled_from(["begin", "fail", "right"]), max_size=60))
    def test_no_more_looks_than_the_limit_without_a_right_password(self, acts: list[str]) -> None:
        known, looks = Throttle(), 0
        for act in acts:
            if act == "begin":
                try:
                    known = throttle.begin(known, limit=LIMIT, now=NOON)
                    looks += 1
                except (TooManyAttempts, OthersPending):
                    pass
            elif known.pending_count and act == "fail":
                known = throttle.fail(known, now=NOON)
            elif known.pending_count:
                known = throttle.reset(known)
                looks = known.pending_count
            assert looks <= LIMIT.failure_count_max
            assert known.failure_count + known.pending_count <= LIMIT.failure_count_max


class TestRight:
    def test_account_is_forgiven_and_address_is_not(self) -> None:
        known = throttle.begin(failed(4), limit=LIMIT, now=NOON)

        assert throttle.reset(known).failure_count == 0
        assert throttle.take_back(known).failure_count == 4
        assert throttle.reset(known).pending_count == throttle.take_back(known).pending_count == 0
