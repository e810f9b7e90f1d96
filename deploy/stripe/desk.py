"""What the rules may do to the books while they serve one request."""

from typing import Any, Protocol

Document = dict[str, Any]


class Desk(Protocol):
    """One request's view: the store within its transaction, one instant, fresh identifiers."""

    now: int

    def new_id(self, prefix: str) -> str:
        """An identifier that nobody has."""

    def need(self, kind: str, identifier: str, *, param: str | None = None) -> Document:
        """That object, or a refusal; `param` is the parameter that named it."""

    def save(self, document: Document) -> Document:
        """Stores an object, new or changed."""

    def tell(self, event_type: str, document: Document) -> None:
        """Records an event that shows the object as it is now, and sends it to whoever hears."""
