"""The shapes of the log."""

from datetime import datetime
from uuid import UUID

from chassis.http import Answer, Page


class LogEntry(Answer):
    """Who did what to whose access; `more` holds ids and codes, never a name or an address."""

    sequence: int
    at: datetime
    kind: str
    by_user_id: UUID | None
    user_id: UUID | None
    more: dict[str, str]


class LogPage(Page[int]):
    """The query of the log, the newest entry first."""
