"""Password resets: a token by e-mail that is used once, in time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.refusal import Refusal


class ResetUnknown(Refusal):
    """This link is not known, was used, or is too old. Please ask for a new one."""

    code = "accounts.reset.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Whom a token lets choose a new password, and until when."""

    reset_id: UUID
    user_id: UUID
    expires_at: datetime
    ended_at: datetime | None = None


def check_open(reset: Reset | None, *, now: datetime) -> Reset:
    """Return a reset that may be used; unknown, used and too old are refused alike."""
    if reset is None or reset.ended_at is not None or now >= reset.expires_at:
        raise ResetUnknown()
    return reset
