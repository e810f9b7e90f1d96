"""How often a password may be wrong: a count per account and per address, and a wait that grows.

An attempt is counted as pending before its password is looked at, so that a hundred guesses sent
at once get no further than the limit; it becomes a failure, or is taken back when it was right.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from kernel.refusal import Throttled

#: A pending attempt whose process died is counted as a failure after this time.
PENDING_MAX = timedelta(seconds=60)


def line_of(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or the /64 of an IPv6 one (RFC 6177)."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address) and known.ipv4_mapped is None:
        return str(IPv6Network((known, 64), strict=False))
    return address


class TooManyAttempts(Throttled):
    """Too many wrong attempts. Please wait {retry_after_s:second|seconds}."""

    code = "accounts.session.throttled"


class OthersPending(Exception):
    """The attempts that are still allowed are being looked at: ask again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Failures allowed in a window, and the wait after the last of them, doubled by each more."""

    failure_count_max: int
    window: timedelta
    first_wait: timedelta
    wait_max: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """What is remembered of one account or one address."""

    failure_count: int = 0
    pending_count: int = 0
    failed_at: datetime | None = None
    pending_at: datetime | None = None


def begin(known: Throttle, *, limit: Limit, now: datetime) -> Throttle:
    """Count one more attempt as pending, or refuse it."""
    known = _settled(known, limit=limit, now=now)
    after = wait_after(known.failure_count, limit=limit)
    # Below the limit nobody waits, not even who came before the one that has just failed.
    if known.failed_at is not None and after:
        wait = known.failed_at + after - now
        if wait > timedelta(0):
            raise TooManyAttempts(retry_after_s=-(-wait // timedelta(seconds=1)))
    # Once the limit was reached, each wait that has passed allows one attempt more.
    allowed = max(1, limit.failure_count_max - known.failure_count)
    if known.pending_count >= allowed:
        raise OthersPending
    return replace(known, pending_count=known.pending_count + 1, pending_at=now)


def fail(known: Throttle, *, now: datetime) -> Throttle:
    """Turn a pending attempt into a failure."""
    return replace(
        known,
        pending_count=max(0, known.pending_count - 1),
        failure_count=known.failure_count + 1,
        failed_at=now,
    )


def take_back(known: Throttle) -> Throttle:
    """Forget a pending attempt that was right; failures before it stay."""
    return replace(known, pending_count=max(0, known.pending_count - 1))


def reset(known: Throttle) -> Throttle:
    """Forget a pending attempt that was right, and every failure before it."""
    return replace(take_back(known), failure_count=0, failed_at=None)


def wait_after(failure_count: int, *, limit: Limit) -> timedelta:
    """Return how long nobody is let in after so many failures."""
    beyond = failure_count - limit.failure_count_max
    if beyond < 0:
        return timedelta(0)
    # 2**20 first waits are past any limit: the exponent is bounded so that nothing overflows.
    doublings: int = 2 ** min(beyond, 20)
    return min(limit.first_wait * doublings, limit.wait_max)


def _settled(known: Throttle, *, limit: Limit, now: datetime) -> Throttle:
    """Forget failures whose window has passed; count attempts that nobody finished."""
    if known.pending_at is not None and now - known.pending_at > PENDING_MAX:
        known = replace(
            known,
            pending_count=0,
            failure_count=known.failure_count + known.pending_count,
            failed_at=known.pending_at if known.pending_count else known.failed_at,
            pending_at=None,
        )
    if known.failed_at is not None and now - known.failed_at >= max(
        limit.window, wait_after(known.failure_count, limit=limit)
    ):
        known = replace(known, failure_count=0, failed_at=None)
    return known
