"""What the log keeps: who did what to whose access, without a name or an address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel import chain


class Kind(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SESSION_ENDED = "session_ended"
    ACCESS_ENDED = "access_ended"
    USER_CREATED = "user_created"
    USER_CHANGED = "user_changed"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # what was done, not one
    PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    RESET_FAILED = "reset_failed"
    FACTOR_BEGUN = "factor_begun"
    FACTOR_ENROLLED = "factor_enrolled"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    IDENTITY_LINKED = "identity_linked"
    SITE_OPENED = "site_opened"
    DEVICE_AWAITED = "device_awaited"
    DEVICE_ENROLLED = "device_enrolled"
    DEVICE_ROLLED = "device_rolled"
    DEVICE_REVOKED = "device_revoked"
    ENROLMENT_FAILED = "enrolment_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing done; `more` says what else there is to it, in ids and codes."""

    kind: Kind
    at: datetime
    by_user_id: UUID | None
    user_id: UUID | None
    more: Mapping[str, Any] = field(default_factory=dict)

    def written(self, *, sequence: int) -> str:
        """Write the entry as the log keeps it."""
        return chain.canonical(
            {
                "at": self.at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z",
                "by_user_id": _text(self.by_user_id),
                "kind": self.kind.value,
                "sequence": sequence,
                "user_id": _text(self.user_id),
            }
            | {name: _value(value) for name, value in self.more.items() if value is not None}
        )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _value(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    return value if isinstance(value, str | int | list) else str(value)
