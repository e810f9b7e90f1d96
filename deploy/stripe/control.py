"""The back door: what a customer, a bank or a bad day does, for tests and demonstrations."""

import json
import re
from collections.abc import Callable
from typing import Any

import deploy.stripe
from deploy.stripe import disputes, intents, refunds
from deploy.stripe.desk import Document
from deploy.stripe.errors import INVALID, Refused
from deploy.stripe.store import Books, StoredDesk
from deploy.stripe.weather import BadDay

Wish = dict[str, Any]
DETAILS = ("kind", "count", "seconds", "method", "path")


def _pay(desk: StoredDesk, wish: Wish, identifier: str) -> Document:
    name = str(wish.pop("payment_method", "pm_card_visa"))
    intent = desk.need(intents.KIND, identifier)
    return intents.pay(desk, intent, intents.card_of(name), name=name)


def _authenticate(desk: StoredDesk, wish: Wish, identifier: str) -> Document:
    intent = desk.need(intents.KIND, identifier)
    return intents.authenticate(desk, intent, succeeds=bool(wish.pop("succeeds", True)))


def _dispute(desk: StoredDesk, wish: Wish, identifier: str) -> Document:
    intent = desk.need(intents.KIND, identifier)
    charge = desk.need("charge", intent["latest_charge"] or "")
    return disputes.open_one(desk, charge, reason=str(wish.pop("reason", "fraudulent")))


def _close(desk: StoredDesk, wish: Wish, identifier: str) -> Document:
    status = wish.pop("status", "")
    if status not in ("won", "lost"):
        raise Refused(400, INVALID, "status must be won or lost", param="status")
    return disputes.close(desk, desk.need(disputes.KIND, identifier), status=status)


def _fail_refund(desk: StoredDesk, _wish: Wish, identifier: str) -> Document:
    return refunds.fail(desk, desk.need(refunds.KIND, identifier))


def _send(desk: StoredDesk, _wish: Wish, identifier: str) -> Document:
    event = desk.need("event", identifier)
    desk.send(identifier)
    return event


def _forget_keys(desk: StoredDesk, _wish: Wish) -> Document:
    desk.forget_keys()
    return {}


def _announce(desk: StoredDesk, wish: Wish) -> Document:
    unknown = wish.keys() - DETAILS
    if unknown or "kind" not in wish:
        raise Refused(400, INVALID, f"a bad day has a kind, and may have {', '.join(DETAILS)}")
    try:
        day = BadDay(**wish)
    except ValueError as error:
        raise Refused(400, INVALID, str(error)) from None
    wish.clear()
    if day.count:
        desk.announce(day)
    return _bad_days(desk, wish)


def _bad_days(desk: StoredDesk, _wish: Wish) -> Document:
    return {"bad_days": [json.loads(day.to_json()) for day in desk.bad_days()]}


def _end_bad_days(desk: StoredDesk, wish: Wish) -> Document:
    desk.end_bad_days()
    return _bad_days(desk, wish)


def _deliveries(desk: StoredDesk, _wish: Wish) -> Document:
    return {"deliveries": desk.deliveries()}


def _help(_desk: StoredDesk, _wish: Wish) -> Document:
    return {"help": (deploy.stripe.__doc__ or "").splitlines()}


ROUTES: list[tuple[str, str, Callable[..., Document]]] = [
    ("POST", "/control/payment_intents/<id>/pay", _pay),
    ("POST", "/control/payment_intents/<id>/authenticate", _authenticate),
    ("POST", "/control/payment_intents/<id>/dispute", _dispute),
    ("POST", "/control/disputes/<id>/close", _close),
    ("POST", "/control/refunds/<id>/fail", _fail_refund),
    ("POST", "/control/events/<id>/send", _send),
    ("POST", "/control/forget_keys", _forget_keys),
    ("POST", "/control/bad_days", _announce),
    ("GET", "/control/bad_days", _bad_days),
    ("DELETE", "/control/bad_days", _end_bad_days),
    ("GET", "/control/deliveries", _deliveries),
    ("GET", "/control", _help),
]


def answer(books: Books, *, method: str, path: str, body: str) -> tuple[int, Document]:
    """The status and the document that a wish is answered with."""
    try:
        with books.desk() as desk:
            wish = _wish(body)
            for known, pattern, run in ROUTES:
                found = re.fullmatch(pattern.replace("<id>", r"(\w{1,100})"), path)
                if found and known == method:
                    document = run(desk, wish, *found.groups())
                    if wish:
                        raise Refused(400, INVALID, f"unknown: {', '.join(wish)}")
                    return 200, document
        raise Refused(404, INVALID, f"no such wish: {method} {path}; GET /control lists them")
    except Refused as refused:
        return refused.status, refused.document()


def _wish(body: str) -> Wish:
    try:
        wish = json.loads(body or "{}")
    except ValueError:
        wish = None
    if not isinstance(wish, dict):
        raise Refused(400, INVALID, "a wish is a JSON object")
    return wish
