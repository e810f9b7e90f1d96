"""Lists, newest first, page by page, as the client's own paging asks for them."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from deploy.stripe.desk import Document
from deploy.stripe.forms import Field, Form, list_of, moment, shape, text, whole
from deploy.stripe.store import StoredDesk

LIMIT_DEFAULT = 10
LIMIT_MAX = 100

_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda at, bound: at > bound,
    "gte": lambda at, bound: at >= bound,
    "lt": lambda at, bound: at < bound,
    "lte": lambda at, bound: at <= bound,
}


def fields(*filters: str) -> Field:
    """The parameters of a list that may be narrowed by these members."""
    return shape(
        optional={
            "created": moment,
            "ending_before": text,
            "limit": whole(1, LIMIT_MAX),
            "starting_after": text,
            **{each: list_of(text) if each == "types" else text for each in filters},
        }
    )


def page(desk: StoredDesk, form: Form, *, kind: str, url: str) -> Document:
    """One page: what follows `starting_after`, or what has come since `ending_before`."""
    older, newer = form.get("starting_after", ""), form.get("ending_before", "")
    for name in ("starting_after", "ending_before"):
        if name in form:
            desk.need(kind, form[name], param=name)
    limit = form.get("limit", LIMIT_DEFAULT)
    found = list(islice(_matching(desk.newest(kind, before=older, after=newer), form), limit + 1))
    data = found[:limit]
    if newer:
        data.reverse()
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": data}


def _matching(documents: Iterator[Document], form: Form) -> Iterator[Document]:
    wanted: dict[str, Any] = {
        name: form[name] for name in ("payment_intent", "charge", "type") if name in form
    }
    for document in documents:
        if any(document[name] != value for name, value in wanted.items()):
            continue
        if "types" in form and document["type"] not in form["types"]:
            continue
        bounds = form.get("created", {}).items()
        if all(_BOUNDS[name](document["created"], bound) for name, bound in bounds):
            yield document
