"""Whether the values of a record are of the types that their names promise."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

_NUMBERS = ("_cents", "_no", "_count", "sequence", "quantity", "code")
_LISTS = {"lines", "payments", "vat", "serials", "handovers", "movements"}
#: A technical event says there what it wants to.
_FREE = "details"


def require(value: object, *, name: str = "") -> None:
    """Refuse, with a ValueError, a value that is not what its name says.

    Amounts and numbers are whole, times are in UTC, days are dates; everything else is a text.
    """
    if isinstance(value, Mapping):
        for inner_name, inner in value.items():
            if inner_name != _FREE:
                require(inner, name="_cents" if name == "by_tender" else inner_name)
    elif isinstance(value, list) and name in _LISTS:
        for inner in value:
            require(inner)
    elif not _fits(value, name):
        raise ValueError(f"{name} is not what a record has there")


def _fits(value: object, name: str) -> bool:
    if name == "first":
        return isinstance(value, bool)
    if name.endswith(_NUMBERS) and not name.endswith("_code"):
        return type(value) is int
    if not isinstance(value, str):
        return False
    if name.endswith("_at"):
        return datetime.fromisoformat(value).utcoffset() == timedelta(0)
    if name.endswith(("_on", "_date")):
        return bool(date.fromisoformat(value))
    return name not in _LISTS
