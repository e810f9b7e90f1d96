"""What the stand-in refuses, in the shape in which Stripe's client expects it."""

from typing import Any

INVALID = "invalid_request_error"


class Refused(Exception):
    """An error answer; `kept` says whether an Idempotency-Key remembers it.

    Stripe remembers whatever an operation ended with, and forgets a request that never began.
    """

    def __init__(
        self, status: int, kind: str, message: str, *, kept: bool = True, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.kept = kept
        self.more = more

    def document(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": {"type": self.kind, "message": self.message, **self.more}}


def bad_parameter(name: str, code: str, message: str) -> Refused:
    """A parameter that keeps a request from beginning."""
    return Refused(400, INVALID, message, kept=False, code=code, param=name)


def missing(kind: str, identifier: str, *, param: str | None = None) -> Refused:
    """An object that is not there: 404 where the address names it, 400 where a parameter does."""
    return Refused(
        400 if param else 404,
        INVALID,
        f"No such {kind}: '{identifier}'",
        code="resource_missing",
        param=param or "id",
    )


def unexpected_state(intent: dict[str, Any], message: str) -> Refused:
    """An intent that is past this."""
    return Refused(
        400, INVALID, message, code="payment_intent_unexpected_state", payment_intent=intent
    )
