"""Reads form-encoded parameters as strictly as Stripe does: nothing unknown, nothing half right."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from deploy.stripe.errors import INVALID, Refused, bad_parameter

#: Takes the name as the client wrote it and the raw value; gives the value or refuses.
Field = Callable[[str, Any], Any]
Form = dict[str, Any]

_KEY = re.compile(r"(?P<first>[^\[\]]+)(?P<rest>(?:\[[^\[\]]*\])*)")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
METADATA_KEYS_MAX = 50
METADATA_KEY_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500
TEXT_LENGTH_MAX = 5000


def pairs_of(encoded: str) -> list[tuple[str, str]]:
    """The names and values of a query or a body, in the order sent."""
    try:
        return parse_qsl(encoded, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError:
        raise Refused(400, INVALID, "Invalid form encoding.", kept=False) from None


def nest(pairs: list[tuple[str, str]]) -> Form:
    """`a[b][0]=c` as nested dictionaries; a list is one whose names are its indexes."""
    form: Form = {}
    for name, value in pairs:
        found = _KEY.fullmatch(name)
        if found is None:
            raise bad_parameter(name, "parameter_unknown", f"Invalid parameter name: {name}")
        path = [found["first"], *re.findall(r"\[([^\[\]]*)\]", found["rest"])]
        level = form
        for step in path[:-1]:
            level = level.setdefault(step, {})
            if not isinstance(level, dict):
                raise bad_parameter(name, "parameter_invalid_string", f"Invalid object: {name}")
        last = path[-1] or str(len(level))
        if last in level:
            raise bad_parameter(name, "parameter_invalid_string", f"Given twice: {name}")
        level[last] = value
    return form


def shape(
    required: Mapping[str, Field] | None = None, optional: Mapping[str, Field] | None = None
) -> Field:
    """An object of exactly these parameters."""
    needed = required or {}
    known = {**needed, **(optional or {})}

    def read(name: str, raw: Any) -> Form:
        if not isinstance(raw, dict):
            raise bad_parameter(name, "parameter_invalid_string", f"Invalid object: {name}")
        for each in raw:
            if each not in known:
                within = _within(name, each)
                message = f"Received unknown parameter: {within}"
                raise bad_parameter(within, "parameter_unknown", message)
        for each in needed:
            if each not in raw:
                within = _within(name, each)
                message = f"Missing required param: {within}."
                raise bad_parameter(within, "parameter_missing", message)
        return {each: known[each](_within(name, each), value) for each, value in raw.items()}

    return read


def text(name: str, raw: Any) -> str:
    """A string that is not empty: Stripe takes an empty one for an attempt to unset."""
    if not isinstance(raw, str):
        raise bad_parameter(name, "parameter_invalid_string", f"Invalid string: {name}")
    if not raw:
        message = f"You passed an empty string for '{name}'."
        raise bad_parameter(name, "parameter_invalid_empty", message)
    if len(raw) > TEXT_LENGTH_MAX:
        message = f"Invalid string: {name} must be at most {TEXT_LENGTH_MAX} characters"
        raise bad_parameter(name, "parameter_invalid_string", message)
    return raw


def whole(least: int, most: int) -> Field:
    """A whole number within bounds."""

    def read(name: str, raw: Any) -> int:
        if not _WHOLE.fullmatch(text(name, raw)):
            message = f"Invalid integer: {raw}"
            raise bad_parameter(name, "parameter_invalid_integer", message)
        value = int(raw)
        if not least <= value <= most:
            message = f"{name} must be between {least} and {most}"
            raise bad_parameter(name, "parameter_invalid_integer", message)
        return value

    return read


def one_of(*allowed: str) -> Field:
    """One of some words."""

    def read(name: str, raw: Any) -> str:
        if text(name, raw) not in allowed:
            message = f"Invalid {name}: must be one of {', '.join(allowed)}"
            raise Refused(400, INVALID, message, kept=False, param=name)
        return str(raw)

    return read


def flag(name: str, raw: Any) -> bool:
    """`true` or `false`."""
    if raw not in ("true", "false"):
        raise bad_parameter(name, "parameter_invalid_string", f"Invalid boolean: {raw}")
    return bool(raw == "true")


def list_of(field: Field) -> Field:
    """A list: an object whose names count from 0."""

    def read(name: str, raw: Any) -> list[Any]:
        if not isinstance(raw, dict) or list(raw) != [str(index) for index in range(len(raw))]:
            raise bad_parameter(name, "parameter_invalid_string", f"Invalid array: {name}")
        return [field(f"{name}[{index}]", value) for index, value in raw.items()]

    return read


def metadata(name: str, raw: Any) -> dict[str, str]:
    """Up to fifty notes of one's own; an empty one is unset."""
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise bad_parameter(name, "parameter_invalid_string", f"Invalid hash: {name}")
    long = [
        each
        for each, value in raw.items()
        if len(each) > METADATA_KEY_LENGTH_MAX or len(value) > METADATA_VALUE_LENGTH_MAX
    ]
    if len(raw) > METADATA_KEYS_MAX or long:
        message = (
            f"Metadata holds at most {METADATA_KEYS_MAX} keys of {METADATA_KEY_LENGTH_MAX} "
            f"characters, with values of {METADATA_VALUE_LENGTH_MAX}."
        )
        raise Refused(400, INVALID, message, kept=False, param=name)
    return {each: value for each, value in raw.items() if value}


def moment(name: str, raw: Any) -> dict[str, int]:
    """`created`: one second, or the bounds gt, gte, lt, lte."""
    second = whole(0, 10**11)
    if isinstance(raw, dict):
        bounds: dict[str, int] = shape(optional=dict.fromkeys(("gt", "gte", "lt", "lte"), second))(
            name, raw
        )
        return bounds
    at = second(name, raw)
    return {"gte": at, "lte": at}


def _within(name: str, each: str) -> str:
    return f"{name}[{each}]" if name else each
