"""How long to wait before the next attempt: doubling, capped, and never in step with others."""

import random


class Backoff:
    """Counts failures in a row and turns them into pauses."""

    def __init__(self, *, first_s: float = 0.1, cap_s: float = 2.0) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self.failures = 0

    def next_s(self) -> float:
        """Count one more failure; return the seconds to wait before trying again."""
        self.failures += 1
        return pause_s(self.failures, first_s=self._first_s, cap_s=self._cap_s)

    def reset(self) -> int:
        """Forget the failures after a success; return how many there had been."""
        failures, self.failures = self.failures, 0
        return failures


def pause_s(failures: int, *, first_s: float, cap_s: float) -> float:
    """Return the pause after so many failures in a row, between half of it and all of it."""
    full_s = min(cap_s, first_s * 2.0 ** min(failures - 1, 30))
    # Jitter: processes that lost the same server must not all come back at the same instant.
    return full_s * random.uniform(0.5, 1.0)
