"""Guessing is slow: what a door counts an attempt for, and how it waits for its turn."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from chassis.db import Database, Transaction
from chassis.http import Call
from chassis.offload import offload
from kernel.refusal import Refusal
from services.accounts.domain import throttle
from services.accounts.domain.second_factor import PasswordWrong
from services.accounts.doors import secrets
from services.accounts.handlers import attempts, users
from services.accounts.handlers.attempts import Counted, Ending, What
from services.accounts.settings import current


def for_account(named: str) -> Counted:
    """Count for the account that an e-mail address names, whether or not there is one."""
    return attempts.counted_for("account", named, limit=_limit(current().failures_per_account_max))


def for_address(call: Call, *, kind: What = "address") -> Counted:
    """Count for the address that the caller comes from; each kind of attempt apart."""
    return attempts.counted_for(
        kind, throttle.line_of(call.address), limit=_limit(current().failures_per_address_max)
    )


def for_sign_in(database: Database, email: str, *, call: Call) -> tuple[Counted, ...]:
    """Count for the account, and for the address unless the account is at home there.

    One address is a whole reception point's: who guesses there keeps out strangers, and not those
    who sign in there every day, each of whose accounts has a count of its own.
    """
    with database.transaction() as tx:
        at_home = attempts.is_at_home(
            tx,
            email,
            line=throttle.line_of(call.address),
            since=call.now - timedelta(days=current().at_home_days),
        )
    account = for_account(email)
    return (account,) if at_home else (account, for_address(call))


def note_home(tx: Transaction, user_id: UUID, *, call: Call) -> None:
    """Remember that somebody has signed in with their password from the caller's address."""
    attempts.note_home(
        tx,
        user_id,
        line=throttle.line_of(call.address),
        now=call.now,
        kept=timedelta(days=current().at_home_days),
    )


def for_reset(named: str) -> Counted:
    """Count for the account whose password somebody wants to reset."""
    return attempts.counted_for("reset", named, limit=_limit(current().resets_per_account_max))


@contextmanager
def counted(
    database: Database,
    counts: Sequence[Counted],
    *,
    call: Call,
    wrong: type[Refusal],
    more_to_prove: bool = False,
) -> Iterator[None]:
    """Count what is done inside as an attempt, failed if it is refused as `wrong`.

    With more to prove, what was right forgives nothing: a known password would otherwise buy any
    number of guesses at the code.
    """
    begin(database, counts, call=call)
    ending: Ending = "undecided"
    try:
        yield
        ending = "undecided" if more_to_prove else "passed"
    except wrong:
        ending = "failed"
        raise
    finally:
        with database.transaction() as tx:
            end(tx, counts, ending=ending, call=call)


def require_password(
    database: Database, password: str, *, call: Call, more_to_prove: bool = False
) -> None:
    """Refuse unless the caller, who has signed in, knows their password again."""
    with database.transaction() as tx:
        email, stored = users.find_own_password(tx, call.caller)
    counts = (for_account(email),)  # the address has proven itself: they have signed in
    with counted(database, counts, call=call, wrong=PasswordWrong, more_to_prove=more_to_prove):
        if not offload(secrets.passwords().is_right, stored, password):
            raise PasswordWrong()


def begin(database: Database, counts: Sequence[Counted], *, call: Call) -> None:
    """Count an attempt; wait a moment while others of the same account are looked at."""
    settings = current()
    until = time.monotonic() + settings.sign_in_wait_s_max
    while True:
        try:
            with database.transaction() as tx:
                return attempts.begin_attempt(tx, counts, now=call.now)
        except throttle.OthersPending:
            if time.monotonic() >= until:
                raise throttle.TooManyAttempts(retry_after_s=1) from None
        time.sleep(settings.sign_in_pause_s)


def end(tx: Transaction, counts: Sequence[Counted], *, ending: Ending, call: Call) -> None:
    """Settle a pending attempt."""
    kept = timedelta(seconds=current().throttle_kept_s)
    attempts.end_attempt(tx, counts, ending=ending, now=call.now, kept=kept)


def _limit(failure_count_max: int) -> throttle.Limit:
    settings = current()
    return throttle.Limit(
        failure_count_max=failure_count_max,
        window=timedelta(seconds=settings.failure_window_s),
        first_wait=timedelta(seconds=settings.failure_first_wait_s),
        wait_max=timedelta(seconds=settings.failure_wait_s_max),
    )
