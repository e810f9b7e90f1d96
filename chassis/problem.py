"""What goes wrong at the HTTP door, as problem documents (RFC 9457) in the person's language."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import psycopg_pool
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from chassis import texts
from kernel import refusal as tree

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

_STATUS: Sequence[tuple[type[tree.Refusal], int]] = (
    (tree.NotFound, 404),
    (tree.Forbidden, 403),
    (tree.Unauthenticated, 401),
    (tree.Throttled, 429),
    (tree.TooLarge, 413),
    (tree.Unreadable, 400),
    (tree.Unavailable, 503),
    (tree.Invalid, 422),
    (tree.Refusal, 409),
)
_TITLES = {
    400: "The request cannot be read",
    401: "Sign-in needed",
    403: "Not allowed",
    404: "Not found",
    405: "This is not done this way",
    409: "Refused by a rule",
    413: "Too large",
    414: "The address is too long",
    422: "Some fields are not as they should be",
    429: "Too many attempts",
    500: "Something went wrong on our side",
    503: "Please try again in a moment",
}
# pydantic's error types, in words for the person at the screen.
_REASONS = {
    "missing": "This field is needed.",
    "extra_forbidden": "This field is not known here.",
    "json_invalid": "The body is not JSON.",
    "uuid_parsing": "This is not an identifier.",
    "date_parsing": "This is not a day written YYYY-MM-DD.",
    "date_from_datetime_parsing": "This is not a day written YYYY-MM-DD.",
    "int_parsing": "This is not a whole number.",
    "int_type": "This is not a whole number.",
    "int_from_float": "This is not a whole number.",
    "greater_than": "This number is too small.",
    "greater_than_equal": "This number is too small.",
    "less_than": "This number is too large.",
    "less_than_equal": "This number is too large.",
    "string_too_long": "This text is too long.",
    "string_too_short": "This text is too short.",
    "string_type": "This is not a text.",
    "too_short": "There are too few entries.",
    "too_long": "There are too many entries.",
    "literal_error": "This is not one of the allowed values: {allowed}.",
    "enum": "This is not one of the allowed values: {allowed}.",
    "union_tag_invalid": "This is not one of the allowed values: {allowed}.",
    "bool_type": "This is neither true nor false.",
    "bool_parsing": "This is neither true nor false.",
}
_ANY_REASON = "This value is not valid."


class NotJson(tree.Unreadable):
    """The body of the request is not JSON."""

    code = "relais.request.not_json"


class Unforeseen(tree.Refusal):
    """An unforeseen error happened. It has been recorded; nothing was changed."""

    code = "relais.unforeseen"


def response(error: BaseException, *, language: str, service: str | None = None) -> Response:
    """Turn any exception into a problem document; what nobody foresaw is logged and says little.

    `service` is whose catalogue has the sentences of its own validators.
    """
    if isinstance(error, ValidationError):
        return _of_validation(error, language=language, service=service)
    if isinstance(error, HTTPException):
        return _document(
            error.code or 500, "relais.http", _TITLES.get(error.code or 500, ""), language
        )
    if isinstance(error, tree.Refusal):
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return _of_refusal(error, status, language)
    if isinstance(error, psycopg.OperationalError | psycopg_pool.PoolTimeout):
        _log.warning("database unavailable", extra={"reason": str(error).strip()[:300]})
        return _of_refusal(tree.Unavailable(), 503, language)
    if isinstance(error, psycopg.DataError):
        _log.warning("value refused by the database", exc_info=error)
        return _of_refusal(tree.Invalid(), 422, language)
    _log.error("unforeseen error at the HTTP door", exc_info=error)
    return _of_refusal(Unforeseen(), 500, language)


def _of_validation(error: ValidationError, *, language: str, service: str | None) -> Response:
    found = error.errors(include_url=False, include_input=False)
    if any(each["type"] == "json_invalid" for each in found):
        return _of_refusal(NotJson(), 400, language)
    errors = [
        {
            "field": ".".join(str(part) for part in each["loc"]),
            "reason": _reason(each, language=language, service=service),
        }
        for each in found[:50]
    ]
    return _of_refusal(tree.Invalid(errors=errors), 422, language)


def _reason(wrong: ErrorDetails, *, language: str, service: str | None) -> str:
    kind = wrong["type"]
    if kind == "value_error":  # raised by our own validators, in our own words
        words = wrong["msg"].removeprefix("Value error, ")
        return texts.translate(words, language=language, service=service)
    allowed = {"allowed": _allowed(wrong.get("ctx", {}))}
    return texts.say(_REASONS.get(kind, _ANY_REASON), allowed, language=language)


def _allowed(context: Mapping[str, Any]) -> str:
    """List the allowed values, which pydantic says as `'a', 'b' or 'c'`, without its English."""
    said = str(context.get("expected") or context.get("expected_tags") or "")
    return ", ".join(each.strip("'") for each in re.split(r", | or ", said))


def _of_refusal(refusal: tree.Refusal, status: int, language: str) -> Response:
    detail = texts.explain(refusal, language=language)
    answer = _document(status, refusal.code, detail, language, errors=_errors(refusal, language))
    if isinstance(refusal, tree.Throttled):
        answer.headers["Retry-After"] = str(refusal.values.get("retry_after_s", 60))
    if isinstance(refusal, tree.Unavailable):
        answer.headers["Retry-After"] = str(refusal.values.get("retry_after_s", 1))
    if isinstance(refusal, tree.Unauthenticated):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(refusal, tree.TooLarge):
        answer.headers["Connection"] = "close"  # the rest of the body is not read
    return answer


def _errors(refusal: tree.Refusal, language: str) -> object:
    """Return what is wrong with each field, its reason in the person's language."""
    errors = refusal.values.get("errors")
    if not isinstance(errors, list):
        return errors
    service = refusal.code.partition(".")[0]
    return [
        each | {"reason": texts.translate(each["reason"], language=language, service=service)}
        for each in errors
    ]


def _document(
    status: int, code: str, detail: str, language: str, *, errors: object = None
) -> Response:
    title = texts.translate(_TITLES.get(status, _TITLES[500]), language=language)
    document: dict[str, Any] = {
        "type": f"urn:relais:problem:{code}",
        "title": title,
        "status": status,
        "detail": texts.translate(detail, language=language),
        "code": code,
    }
    if errors is not None:
        document["errors"] = errors
    body = json.dumps(document, ensure_ascii=False, default=str)
    return Response(body, status=status, content_type=MEDIA_TYPE)
