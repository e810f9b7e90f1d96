"""Writes contracts/ from the code: who hears what, facts with samples, AsyncAPI, OpenAPI.

`make contracts` writes them; a test holds what is written against the code, so a change of
contract is always a change of these files that a reviewer sees.
"""

import importlib
import importlib.util
import inspect
import json
import pkgutil
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

import services
from chassis import openapi, personal
from chassis.facts import Fact, Heard
from chassis.personal import PersonalData
from kernel.envelope import Envelope

FOLDER = Path(__file__).resolve().parent.parent / "contracts"
_SAMPLE_ID = "0192f0a0-0000-7000-8000-0000000000ff"
_SAMPLE_TIME = "2026-11-21T09:30:00Z"


def service_names() -> list[str]:
    """List the services that exist: the folders under services/ that have a service module."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(services.__path__)
        if importlib.util.find_spec(f"services.{module.name}.service") is not None
    )


def service_class(name: str) -> Any:
    """Return a service's nameko class."""
    return importlib.import_module(f"services.{name}.service").SERVICE


def facts_of(name: str) -> list[type[Fact]]:
    """List the facts a service tells, with those by which the chassis answers for it."""
    answers = personal.answers_of(name) if issubclass(service_class(name), PersonalData) else ()
    return sorted([*_subclasses(name, Fact), *answers], key=lambda each: each.TYPE)


def heard_by(name: str) -> list[type[Heard]]:
    """List the classes with which a service reads others' facts: its own, and the chassis's."""
    shared = [
        each
        for base in service_class(name).__mro__
        if base.__module__.startswith("chassis.")
        for each in vars(sys.modules[base.__module__]).values()
        if _is_a(each, Heard)
    ]
    return _subclasses(name, Heard) + shared


def _subclasses(name: str, base: Any) -> list[Any]:
    if importlib.util.find_spec(f"services.{name}.events") is None:
        return []
    events = importlib.import_module(f"services.{name}.events")
    found = [
        each
        for each in vars(events).values()
        if _is_a(each, base) and each.__module__ == events.__name__
    ]
    return sorted(found, key=lambda each: (each.TYPE, each.__name__))


def _is_a(each: object, base: Any) -> bool:
    return inspect.isclass(each) and issubclass(each, base) and hasattr(each, "TYPE")


def subscriptions() -> dict[str, list[str]]:
    """Return, for each type of fact, the queues of the handlers that hear it."""
    queues: dict[str, list[str]] = defaultdict(list)
    for name in service_names():
        for _, method in inspect.getmembers(service_class(name), inspect.isfunction):
            for entrypoint in getattr(method, "nameko_entrypoints", ()):
                for type_ in getattr(entrypoint, "types", ()):
                    queues[type_].append(f"{name}.{method.__name__}")
    return {type_: sorted(queues[type_]) for type_ in sorted(queues)}


def sample_of(fact: type[Fact]) -> dict[str, Any]:
    """Return the golden sample of a fact: a whole CloudEvent, as it travels."""
    data = fact.model_validate(fact.SAMPLE).model_dump(mode="json", by_alias=True)
    service = fact.TYPE.partition(".")[0]
    return {
        "specversion": "1.0",
        "id": _SAMPLE_ID,
        "source": f"/relais/{service}",
        "type": fact.TYPE,
        "subject": str(next(iter(data.values()))),
        "time": _SAMPLE_TIME,
        "dataschema": f"urn:relais:fact:{fact.TYPE}",
        "datacontenttype": "application/json",
        "siteid": str(data.get("site_code", "network")),
        "sequence": "1",
        "data": data,
    }


def _event_document(fact: type[Fact]) -> dict[str, Any]:
    schema = fact.model_json_schema(by_alias=True, mode="serialization")
    # Hearers accept what they do not know: adding a field is free.
    schema["additionalProperties"] = True
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:relais:fact:{fact.TYPE}",
        **schema,
        "examples": [sample_of(fact)],
    }


def _asyncapi() -> dict[str, Any]:
    heard = subscriptions()
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name in service_names():
        for fact in facts_of(name):
            key = fact.TYPE.replace(".", "_")
            channels[key] = {
                "address": fact.TYPE,
                "messages": {key: {"$ref": f"#/components/messages/{key}"}},
                "bindings": {
                    "amqp": {
                        "is": "routingKey",
                        "exchange": {"name": "relais.facts", "type": "topic", "durable": True},
                    }
                },
            }
            operations[f"{name}_tells_{key}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{key}"},
                "tags": [{"name": name}],
            }
            for queue in heard.get(fact.TYPE, ()):
                operations[f"{queue.replace('.', '_')}_hears_{key}"] = {
                    "action": "receive",
                    "channel": {"$ref": f"#/channels/{key}"},
                    "tags": [{"name": queue.partition(".")[0]}],
                    "description": f"Queue {queue}.",
                }
    messages = {
        fact.TYPE.replace(".", "_"): {
            "name": fact.TYPE,
            "contentType": "application/cloudevents+json",
            "summary": (inspect.getdoc(fact) or "").partition("\n")[0],
            "payload": {"$ref": f"./events/{fact.TYPE}.json"},
        }
        for name in service_names()
        for fact in facts_of(name)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Relais: facts on the bus", "version": "1"},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def documents() -> dict[str, str]:
    """Return every file of contracts/ by its relative path."""
    files: dict[str, str] = {"subscriptions.json": _json(subscriptions())}
    for name in service_names():
        files[f"openapi/{name}.json"] = _json(openapi.document(service_class(name)))
        for fact in facts_of(name):
            Envelope.from_json(json.dumps(sample_of(fact)))
            files[f"events/{fact.TYPE}.json"] = _json(_event_document(fact))
    files["asyncapi.yaml"] = yaml.safe_dump(_asyncapi(), sort_keys=False, allow_unicode=True)
    return files


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path = FOLDER) -> list[str]:
    """Write every document and remove those nobody makes any more; return what changed."""
    wanted = documents()
    changed: list[str] = []
    for path in folder.rglob("*"):
        if path.is_file() and str(path.relative_to(folder)) not in wanted:
            path.unlink()
            changed.append(f"removed {path.relative_to(folder)}")
    for relative, text in wanted.items():
        path = folder / relative
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(f"wrote {relative}")
    return changed


if __name__ == "__main__":
    for line in write() or ["contracts are as the code says"]:
        sys.stdout.write(line + "\n")
