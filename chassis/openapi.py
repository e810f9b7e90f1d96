"""A service's OpenAPI 3.1 document, made from the types its routes are declared with."""

import inspect
import re
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

_CONVERTER = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_REF = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "The body is not JSON.",
    "401": "No token, or one that is forged or expired.",
    "403": "The caller's role or site does not allow this.",
    "404": "Nothing here under that name.",
    "409": "Refused by a rule, or an Idempotency-Key used for another request.",
    "413": "The body is larger than the limit.",
    "422": "The body breaks the schema.",
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
        if hasattr(entrypoint, "allow")
    ]
    return sorted(found, key=lambda each: (each[0].path, each[0].method))


def document(service_class: type) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a service."""
    name: str = service_class.name  # type: ignore[attr-defined]
    doors = routes(service_class)
    models = _models(door for door, _ in doors)
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    paths: dict[str, Any] = {}
    for door, method in doors:
        path = f"/api/{name}" + _CONVERTER.sub(r"{\g<name>}", door.path)
        paths.setdefault(path, {})[door.method.lower()] = _operation(door, method)
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Relais: {name}", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}) | {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(door: Any, method: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": method.__name__,
        "summary": (inspect.getdoc(method) or "").partition("\n")[0],
        "parameters": _parameters(door),
        "responses": _responses(door),
        "security": [{"token": []}] if door.allow else [],
        "x-roles": list(door.allow),
    }
    if door.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(door.body)}
    return operation


def _parameters(door: Any) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": match["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"}
            if match["kind"] == "uuid"
            else {"type": "string"},
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
    return parameters


def _responses(door: Any) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    answers: dict[str, Any] = {
        str(door.status): {"description": "Done.", "content": _content(door.answer)}
    }
    answers |= {
        status: {"description": words, "content": problem}
        for status, words in _PROBLEMS.items()
        if door.allow or status not in ("401", "403") or door.path.endswith("/sessions")
    }
    return answers


def _content(shape: Any) -> dict[str, Any]:
    if isinstance(shape, type) and not issubclass(shape, BaseModel):
        return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    if isinstance(shape, type):
        return {"application/json": {"schema": {"$ref": _REF.format(model=shape.__name__)}}}
    schema = TypeAdapter(shape).json_schema(ref_template=_REF)
    schema.pop("$defs", None)
    return {"application/json": {"schema": schema}}


def _models(doors: Any) -> list[type[BaseModel]]:
    """Collect the models that bodies and answers name, each once."""
    found: dict[str, type[BaseModel]] = {}
    for door in doors:
        for shape in (door.body, door.answer):
            for model in (shape, *getattr(shape, "__args__", ())):
                if isinstance(model, type) and issubclass(model, BaseModel):
                    found[model.__name__] = model
    return list(found.values())
