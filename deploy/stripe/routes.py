"""The addresses of Stripe's API that the stand-in knows: one line each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy.stripe import intents, listing, refunds
from deploy.stripe.desk import Document
from deploy.stripe.errors import INVALID, Refused
from deploy.stripe.forms import Field, Form, list_of, shape, text
from deploy.stripe.store import StoredDesk

Run = Callable[..., Document]


@dataclass(frozen=True, slots=True)
class Route:
    """What one method at one address reads, and does."""

    method: str
    path: str
    fields: Field
    run: Run

    def matches(self, method: str, path: str) -> tuple[str, ...] | None:
        """The identifiers in the address, None for another one."""
        found = re.fullmatch(self.path.replace("<id>", r"([A-Za-z0-9_]{1,100})"), path)
        return found.groups() if found and method == self.method else None


def _reads(name: str, kind: str, *filters: str) -> list[Route]:
    """The list of a kind, and one of it."""
    url = f"/v1/{name}"

    def one(desk: StoredDesk, _form: Form, identifier: str) -> Document:
        return desk.need(kind, identifier)

    def page(desk: StoredDesk, form: Form) -> Document:
        return listing.page(desk, form, kind=kind, url=url)

    return [
        Route("GET", url, listing.fields(*filters), page),
        Route("GET", f"{url}/<id>", shape(), one),
    ]


ROUTES = [
    Route("POST", "/v1/payment_intents", intents.CREATE, intents.create),
    Route("POST", "/v1/payment_intents/<id>/confirm", intents.CONFIRM, intents.confirm),
    Route("POST", "/v1/payment_intents/<id>/cancel", intents.CANCEL, intents.cancel),
    Route("POST", "/v1/payment_intents/<id>/capture", intents.CAPTURE, intents.capture),
    Route("POST", "/v1/refunds", refunds.CREATE, refunds.create),
    *_reads("payment_intents", "payment_intent"),
    *_reads("refunds", "refund", "payment_intent", "charge"),
    *_reads("charges", "charge", "payment_intent"),
    *_reads("disputes", "dispute", "payment_intent", "charge"),
    *_reads("events", "event", "type", "types"),
]


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route of a request, with the identifiers in its address."""
    for route in ROUTES:
        identifiers = route.matches(method, path)
        if identifiers is not None:
            return route, identifiers
    message = f"Unrecognized request URL ({method}: {path})."
    raise Refused(404, INVALID, message, kept=False)


def run(route: Route, desk: StoredDesk, form: Form, identifiers: tuple[str, ...]) -> Document:
    """Reads the parameters, does the work, and shows whole what `expand` asks for."""
    wanted = list_of(text)("expand", form.pop("expand", {}))
    document = route.run(desk, route.fields("", form), *identifiers)
    for name in wanted:
        within = name.removeprefix("data.")
        for each in document["data"] if name != within else [document]:
            _expand(desk, each, name=within)
    return document


def _expand(desk: StoredDesk, document: dict[str, Any], *, name: str) -> None:
    identifier = document.get(name)
    found = desk.find(identifier) if isinstance(identifier, str) else None
    if name not in document or (found is None and identifier is not None):
        message = f"This property cannot be expanded ({name})."
        raise Refused(400, INVALID, message, kept=False, param="expand")
    if found:
        document[name] = found
