"""Counts of people as they may be shown to whoever does not know them.

Few people in a cell could be recognised, so a count below `least` is hidden, and so is none: who
reads it must not learn that nobody came either.  What is hidden must not follow from the sum.  The
sum is shown where each hidden count may still be anything below `least`, whatever the others are;
else it is hidden with them.
"""

from collections.abc import Sequence


def hide_small(counts: Sequence[int], *, least: int) -> tuple[list[int | None], int | None]:
    """Return the counts and their sum, with None for what is not shown."""
    hidden = [count for count in counts if count < least]
    most = least - 1
    tells_nothing = most <= sum(hidden) <= most * (len(hidden) - 1)
    shown = [None if count < least else count for count in counts]
    return shown, sum(counts) if not hidden or tells_nothing else None
