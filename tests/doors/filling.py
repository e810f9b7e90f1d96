"""Bodies that fit a schema, filled with what is known at a site."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Schema = Mapping[str, Any]
Known = Mapping[str, Any]

#: What a schema alone does not say: a value that the checks of a field of that name accept.
WORDS: Mapping[str, Any] = {
    "operator": "sfr",
    "offer_code": "sfr-500mo",
    "birth_date": "1980-02-03",
    "email": "camille.fictive@relais.invalid",
    "password": "une phrase de passe assez longue",
    "given_name": "Camille",
    "family_name": "Fictive",
    "phone": "06 39 98 00 12",
    "reason": "Pour l'exemple.",
    "imei": "490154203237518",
    "from": "2026-01-01",
    "signed_on": "2026-01-01",
}

#: What one body needs beside its required fields, or instead of what a schema would suggest.
MORE: Mapping[str, Callable[[Known], Mapping[str, Any]]] = {
    "POST accounts/v1/users": lambda known: {
        "role": "till_operator",
        "site_codes": [known["site_code"]],
    },
    "POST mediation/v1/calculators/plan": lambda _: {"instalments": 3},
    "POST mediation/v1/cases/{case_id}/offers": lambda _: {"kind": "waiver_request"},
    "POST recharges/v1/sales": lambda _: {"payment": {"tender": "cash", "tendered_cents": 5_000}},
    "POST recharges/v1/stock/changes": lambda _: {"change": "quarantined", "count": 1},
    "POST recharges/v1/transfers": lambda known: {
        "from_site": known["site_code"],
        "to_site": "lyon",
    },
}
#: Bodies that are lists, where an empty one says enough.
EMPTY = frozenset({"POST recharges/v1/tills/{till_id}/offline-sales"})


def body_of(route: str, schema: Schema, *, document: Schema, known: Known) -> Any:
    """A body that a route takes, made of what is known at a site."""
    if route in EMPTY:
        return []
    body = fill(schema, document=document, known=known)
    if route in MORE:
        body |= MORE[route](known)
    return body


def fill(schema: Schema, *, document: Schema, known: Known, name: str = "") -> Any:
    """The smallest value that fits a schema, made of known things where their names occur."""
    if "$ref" in schema:
        return fill(_resolve(schema["$ref"], document), document=document, known=known, name=name)
    if name in known and schema.get("type") not in ("object", "array"):
        return known[name]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            branch = next(each for each in schema[choice] if each.get("type") != "null")
            return fill(branch, document=document, known=known, name=name)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return _object(schema, document=document, known=known)
        case "array":
            item = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
            one = fill(item, document=document, known=known, name=name.removesuffix("s"))
            return [one] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
    return _text(schema, name=name)


def _object(schema: Schema, *, document: Schema, known: Known) -> dict[str, Any]:
    properties = schema.get("properties", {})
    made = {
        each: fill(properties[each], document=document, known=known, name=each)
        for each in schema.get("required", ())
    }
    if len(made) < schema.get("minProperties", 0):
        made["x"] = fill(schema["additionalProperties"], document=document, known=known)
    return made


def _text(schema: Schema, *, name: str) -> str:
    now = datetime.now(UTC)
    match schema.get("format"):
        case "uuid":
            return "00000000-0000-4000-8000-000000000000"
        case "date":
            return str(WORDS.get(name, (now + timedelta(days=20)).date().isoformat()))
        case "date-time":
            return now.isoformat()
    return str(WORDS.get(name, "x" * max(3, schema.get("minLength", 1))))


def _resolve(reference: str, document: Schema) -> Schema:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    resolved: Schema = found
    return resolved
