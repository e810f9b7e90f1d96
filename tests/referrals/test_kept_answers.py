"""Answers to commands are kept under their keys: none of referrals' says who a person is."""

import json
from typing import Any

from deploy import contracts

IDENTITY = {"given_name", "family_name", "birth_date", "phone", "match_keys"}


def names_in(
    schema: Any, schemas: dict[str, Any], *, seen: frozenset[str] = frozenset()
) -> set[str]:
    """Every field of a shape, however deep."""
    if isinstance(schema, list):
        return {name for each in schema for name in names_in(each, schemas, seen=seen)}
    if not isinstance(schema, dict):
        return set()
    if (reference := schema.get("$ref")) is not None:
        name = reference.rpartition("/")[2]
        return set() if name in seen else names_in(schemas[name], schemas, seen=seen | {name})
    return set(schema.get("properties", ())) | names_in(list(schema.values()), schemas, seen=seen)


def test_hold_no_identity() -> None:
    document = json.loads((contracts.FOLDER / "openapi" / "referrals.json").read_text())
    kept = 0
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if all(each["name"] != "Idempotency-Key" for each in operation["parameters"]):
                continue
            for status, response in operation["responses"].items():
                if status.startswith("2"):
                    kept += 1
                    found = names_in(response, document["components"]["schemas"])
                    assert found & IDENTITY == set(), path
    assert kept > 5
