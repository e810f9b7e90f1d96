"""A service's OpenAPI 3.1 document, made from the types its routes are declared with."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from chassis.auth import Employed
from chassis.shapes import Bytes, Page

_CONVERTER = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_IN_PATHS: Mapping[str, Any] = {
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
    "string": {"type": "string"},
}
_REF = "#/components/schemas/{model}"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
_MODE: JsonSchemaMode = "validation"
_DONE = {202: "Begun, and not done yet."}
#: Nobody has a token there yet, and may still not be let in.
_SIGN_INS = ("/sessions", "/browser-sessions", "/callback")
_PROBLEMS = {
    "400": "The body is not JSON.",
    "401": "No token, or one that is forged or expired.",
    "403": "The caller's role or site does not allow this.",
    "404": "Nothing here under that name.",
    "409": "Refused by a rule, or an Idempotency-Key used for another request.",
    "413": "The body is larger than the limit.",
    "414": "The address is longer than 8 KiB.",
    "422": "The body or the query breaks the schema.",
    "429": "Too many attempts.",
    "503": "The database is away; try again with the same key.",
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for the person, in French."},
        "code": {"type": "string", "description": "<service>.<noun>.<reason>, for the program."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}


def routes(service_class: type) -> list[Any]:
    """List the doors declared on a service class, by path and method."""
    found = [
        (entrypoint, method)
        for _, method in inspect.getmembers(service_class, inspect.isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if getattr(entrypoint, "documented", False)
    ]
    return sorted(found, key=lambda each: (each[0].path, each[0].method))


class NameTaken(Exception):
    """Two types of one service would stand in its document under one name."""


def document(service_class: type) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a service."""
    name: str = service_class.name  # type: ignore[attr-defined]
    doors = routes(service_class)
    schemas, named = _schemas([door for door, _ in doors])
    paths: dict[str, Any] = {}
    for door, method in doors:
        path = f"/api/{name}" + _CONVERTER.sub(r"{\g<name>}", door.path)
        paths.setdefault(path, {})[door.method.lower()] = _operation(door, method, schemas)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": f"Relais: {name}", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": named | {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return _without_module_names(whole)


def _operation(door: Any, method: Any, schemas: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": method.__name__,
        "summary": (inspect.getdoc(method) or "").partition("\n")[0],
        "parameters": _parameters(door, schemas),
        "responses": _responses(door, schemas),
        "security": [{"token": []}] if door.allow else [],
        "x-roles": list(door.allow),
        **({"x-volunteers": False} if isinstance(door.allow, Employed) else {}),
    }
    if door.body is not None:
        content = _content(door.body, schemas)
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(door: Any, schemas: dict[int, Any]) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": match["name"],
            "in": "path",
            "required": True,
            "schema": _IN_PATHS[match["kind"] or "string"],
        }
        for match in _CONVERTER.finditer(door.path)
    ]
    if door.keyed:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    if door.query is not None:
        asked = schemas[id(door.query)]
        needed = asked.get("required", ())
        parameters.extend(
            {
                "name": name,
                "in": "query",
                "required": name in needed,
                **({"description": schema["description"]} if "description" in schema else {}),
                "schema": {k: v for k, v in schema.items() if k not in ("title", "description")},
            }
            for name, schema in asked["properties"].items()
        )
    return parameters


def _responses(door: Any, schemas: dict[int, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {
        str(status): {
            "description": _DONE.get(status, "Done."),
            "content": _content(answer, schemas),
        }
        for status, answer in door.answers.items()
    }
    if isinstance(door.query, type) and issubclass(door.query, Page):
        words = 'The next page, as long as there is one: `<...>; rel="next"`.'
        link = {"Link": {"description": words, "schema": {"type": "string"}}}
        done[str(door.status)]["headers"] = link
    return done | {
        status: {"description": words, "content": _PROBLEM}
        for status, words in _PROBLEMS.items()
        if door.allow or status not in ("401", "403") or door.path.endswith(_SIGN_INS)
    }


def _content(shape: Any, schemas: dict[int, Any]) -> dict[str, Any]:
    if isinstance(shape, Bytes):
        text = shape.media_type.startswith("text/")
        schema = {"type": "string"} if text else {"type": "string", "format": "binary"}
        return {shape.media_type: {"schema": schema}}
    return {"application/json": {"schema": schemas[id(shape)]}}


def _schemas(doors: Sequence[Any]) -> tuple[dict[int, Any], dict[str, Any]]:
    """Return the schema of each shape, by its identity, and the named ones they refer to.

    All are made together, so that two types of one name get two names.
    """
    shapes = {
        id(shape): shape
        for door in doors
        for shape in (door.body, *door.answers.values(), door.query)
        if shape is not None and not isinstance(shape, Bytes)
    }
    made, shared = TypeAdapter.json_schemas(
        [(key, _MODE, TypeAdapter(shape)) for key, shape in shapes.items()], ref_template=_REF
    )
    named: dict[str, Any] = shared.get("$defs", {})
    schemas: dict[int, Any] = {key: made[key, _MODE] for key in shapes}
    for key in {id(door.query) for door in doors if door.query is not None}:
        # A query is no schema of its own: its fields are parameters.
        schemas[key] = named.pop(schemas[key]["$ref"].rpartition("/")[2])
    return schemas, named


def _without_module_names(whole: dict[str, Any]) -> dict[str, Any]:
    """Name types of one name by their trade: `a__b__debt_line__State` is `DebtLineState`."""
    schemas = whole["components"]["schemas"]
    short: dict[str, str] = {}
    for name in schemas:
        path, _, own = name.rpartition("__")
        words = path.rpartition("__")[2].split("_")
        short[name] = "".join(word.capitalize() for word in words) + own
    if len(set(short.values())) < len(short):
        raise NameTaken(", ".join(sorted(name for name in schemas if name != short[name])))
    text = json.dumps(whole)
    for name, better in short.items():
        text = text.replace(f'"{_REF.format(model=name)}"', f'"{_REF.format(model=better)}"')
    renamed: dict[str, Any] = json.loads(text)
    renamed["components"]["schemas"] = {
        short[name]: schema for name, schema in renamed["components"]["schemas"].items()
    }
    return renamed
