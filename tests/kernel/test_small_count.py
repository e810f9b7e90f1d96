"""Counts of few people are hidden, and do not follow from what is shown beside them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.small_count import hide_small


class TestCounts:
    @pytest.mark.parametrize(
        ("counts", "shown", "total"),
        [
            ([12, 5, 30], [12, 5, 30], 47),
            ([], [], 0),
            # One alone would be what is missing from the sum.
            ([12, 4, 30], [12, None, 30], None),
            ([12, 0], [12, None], None),
            # Two of which each may be 0 to 4, and two that are 4 or nobody.
            ([12, 1, 3], [12, None, None], 16),
            ([12, 4, 4], [12, None, None], None),
            ([12, 0, 0], [12, None, None], None),
            ([4, 4, 0], [None, None, None], 8),
        ],
    )
    def test_below_the_least_are_hidden_with_a_sum_that_would_tell_them(
        self, counts: list[int], shown: list[int | None], total: int | None
    ) -> None:
        assert hide_small(counts, least=5) == (shown, total)

    @given(st.lists(st.integers(0, 12), max_size=4), st.integers(1, 5))
    def test_that_are_hidden_may_each_be_anything_below_the_least(
        self, counts: list[int], least: int
    ) -> None:
        shown = hide_small(counts, least=least)
        places = [at for at, count in enumerate(shown[0]) if count is None]

        # Whoever knows the rule tries all that might be hidden.
        possible = []
        for guess in product(range(least), repeat=len(places)):
            guessed = list(counts)
            for at, count in zip(places, guess, strict=True):
                guessed[at] = count
            if hide_small(guessed, least=least) == shown:
                possible.append(guess)

        assert all(counts[at] < least for at in places)
        for each in zip(*possible, strict=True):
            assert set(each) == set(range(least))
