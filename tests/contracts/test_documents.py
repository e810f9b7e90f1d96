"""What contracts/ promises to those who read it: fields, persons, keys, who hears what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from chassis.topology import EXCHANGE
from deploy import contracts
from kernel.envelope import Envelope

FOLDER = contracts.FOLDER
EVENTS = sorted((FOLDER / "events").glob("*.json"), key=lambda path: path.name)
OPENAPI = sorted((FOLDER / "openapi").glob("*.json"), key=lambda path: path.name)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.stem


class TestFolder:
    def test_would_be_written_anew_after_a_change(self, tmp_path: Path) -> None:
        (tmp_path / "events").mkdir()
        (tmp_path / "events" / "old.thing.done.v1.json").write_text("{}")
        (tmp_path / "subscriptions.json").write_text("{}")

        changed = contracts.write(tmp_path)

        assert "removed events/old.thing.done.v1.json" in changed
        assert "wrote subscriptions.json" in changed
        assert contracts.write(tmp_path) == []


@pytest.mark.parametrize("path", EVENTS, ids=name_of)
class TestFact:
    def test_has_a_schema_that_can_say_no(self, path: Path) -> None:
        schema = read(path)
        validator = Draft202012Validator(schema)

        for name in schema["required"]:
            without = {k: v for k, v in schema["examples"][0]["data"].items() if k != name}
            assert not validator.is_valid(without), name
        with_more = schema["examples"][0]["data"] | {"a_field_of_tomorrow": 1}
        assert validator.is_valid(with_more)

    def test_has_a_sample_that_is_a_whole_cloud_event(self, path: Path) -> None:
        (sample,) = read(path)["examples"]

        fact = Envelope.from_json(json.dumps(sample))

        assert fact.type == path.stem
        assert json.loads(fact.to_json()) == sample

    def test_carries_no_person_and_no_secret(self, path: Path) -> None:
        words = {word for name in _names(read(path)) for word in name.lower().split("_")}

        assert not words & {
            *("pin", "phone", "email", "birth", "given", "family", "iban", "password", "token"),
            *("firstname", "lastname", "surname", "street"),
        }


def _names(schema: Any) -> Iterator[str]:
    """Every name of a property, however deep."""
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        for key, value in schema.items():
            if key != "examples":
                yield from _names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _names(value)


class TestHearer:
    def test_has_a_class_for_every_type_its_queues_hear(self) -> None:
        """One class may read several types that look the same to it: a renewal, an opening."""
        by_service = {service: contracts.heard_by(service) for service in contracts.service_names()}
        for type_, queues in contracts.subscriptions().items():
            (sample,) = read(FOLDER / "events" / f"{type_}.json")["examples"]
            envelope = Envelope.from_json(json.dumps(sample))
            for queue in queues:
                readers = by_service[queue.partition(".")[0]]
                exact = [heard for heard in readers if type_ == heard.TYPE]
                assert any(_can_read(heard, envelope) for heard in exact or readers), queue


def _can_read(heard: Any, envelope: Envelope) -> bool:
    try:
        heard.hear(envelope)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("path", OPENAPI, ids=name_of)
class TestOpenApi:
    def test_has_operation_ids_and_summaries(self, path: Path) -> None:
        operations = [operation for on in read(path)["paths"].values() for operation in on.values()]
        ids = [operation["operationId"] for operation in operations]

        assert len(set(ids)) == len(ids) > 0
        assert all(operation["summary"] for operation in operations)

    def test_asks_for_a_key_where_something_changes(self, path: Path) -> None:
        for route, on in read(path)["paths"].items():
            for method, operation in on.items():
                names = [parameter["name"] for parameter in operation["parameters"]]
                assert method in ("get", "post", "put"), route
                assert method != "put" or "Idempotency-Key" in names, route
                assert not (method == "get" and "Idempotency-Key" in names), route


class TestAsyncApi:
    document: Any = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text(encoding="utf-8"))

    def test_has_the_structure_of_version_three(self) -> None:
        assert self.document["asyncapi"] == "3.0.0"
        assert set(self.document["info"]) >= {"title", "version"}
        for channel in self.document["channels"].values():
            assert channel["address"]
            assert channel["messages"]
            assert channel["bindings"]["amqp"]["exchange"]["name"] == EXCHANGE
        for operation in self.document["operations"].values():
            assert operation["action"] in ("send", "receive")
            assert set(operation["channel"]) == {"$ref"}

    def test_has_no_reference_that_leads_nowhere(self) -> None:
        references = list(_references(self.document))

        assert len(references) > 3 * len(EVENTS)
        for reference in references:
            file, _, pointer = reference.partition("#")
            found = read(FOLDER / file) if file else self.document
            for step in pointer.strip("/").split("/") if pointer else ():
                found = found[step.replace("~1", "/").replace("~0", "~")]
            assert found

    def test_lists_each_fact_with_who_tells_and_who_hears_it(self) -> None:
        sent: set[tuple[str, str]] = set()
        received: set[tuple[str, str]] = set()
        for operation in self.document["operations"].values():
            channel = self.document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]
            tag = operation["tags"][0]["name"]
            pairs = sent if operation["action"] == "send" else received
            pairs.add((tag, channel["address"]))

        assert {address for _, address in sent} == {path.stem for path in EVENTS}
        assert all(address.startswith(f"{service}.") for service, address in sent)
        assert received == {
            (queue.partition(".")[0], type_)
            for type_, queues in contracts.subscriptions().items()
            for queue in queues
        }


def _references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(document, list):
        for value in document:
            yield from _references(value)
