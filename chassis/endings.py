"""What a failure means for the delivery that met it: wait, come back later, or be parked."""

from psycopg import OperationalError, errors
from pydantic import ValidationError

from kernel.envelope import Malformed

# Two transactions got in each other's way; the same delivery may well succeed in a moment.
_TRANSIENT = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
)


class UnknownType(Exception):
    """A fact of a type that this consumer does not hear."""


class NoLongerTransient(Exception):
    """A failure that looked passing and outlived every retry."""


def database_is_away(error: Exception) -> bool:
    """Say whether the failure is the database's absence: nobody's attempt, everybody waits."""
    return isinstance(error, OperationalError) and not is_transient(error)


def is_transient(error: Exception) -> bool:
    """Say whether the same delivery may succeed when it is tried again."""
    return isinstance(error, _TRANSIENT)


def reason(error: Exception) -> str:
    """Return the word under which a delivery that met this failure is parked."""
    match error:
        case Malformed():
            return "malformed"
        case UnknownType():
            return "unknown_type"
        case ValidationError():
            return "unreadable"
        case NoLongerTransient():
            return "retries_exhausted"
        case _:
            return "crashed"


def detail(error: Exception) -> str:
    """Return one line that says what happened."""
    return f"{type(error).__name__}: {error}"
