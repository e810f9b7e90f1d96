"""What contracts/ says is what the code does, and every hearer can read every sample."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy import contracts
from kernel.envelope import Envelope

FACTS = {fact.TYPE: fact for name in contracts.service_names() for fact in contracts.facts_of(name)}
EVENTS = sorted((contracts.FOLDER / "events").glob("*.json"))
OPENAPI = sorted((contracts.FOLDER / "openapi").glob("*.json"))


def read(path: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


class TestContracts:
    def test_are_as_the_code_says(self) -> None:
        kept = {
            str(path.relative_to(contracts.FOLDER)): path.read_text(encoding="utf-8")
            for path in contracts.FOLDER.rglob("*")
            if path.is_file()
        }
        assert kept == contracts.documents(), "`make contracts` writes them anew"

    @pytest.mark.parametrize("path", OPENAPI, ids=lambda path: path.stem)
    def test_are_valid_openapi(self, path: Any) -> None:
        document = read(path)
        OpenAPIV31SpecValidator(document).validate()
        assert document["openapi"].startswith("3.1")

    def test_are_an_asyncapi_document_whose_references_resolve(self) -> None:
        text = (contracts.FOLDER / "asyncapi.yaml").read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        assert document["asyncapi"] == "3.0.0"
        assert {"info", "channels", "operations"} <= document.keys()
        references = list(_references(document))
        assert references
        for reference in references:
            assert _resolves(document, reference), reference
        for operation in document["operations"].values():
            assert operation["action"] in ("send", "receive")


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
class TestFact:
    def test_has_a_sample_that_its_schema_accepts(self, path: Any) -> None:
        document = read(path)
        Draft202012Validator.check_schema(document)
        validator = Draft202012Validator(
            document, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        [sample] = document["examples"]
        validator.validate(sample["data"])
        broken = dict(sample["data"])
        broken.pop(document["required"][0])
        assert not validator.is_valid(broken)

    def test_travels_whole(self, path: Any) -> None:
        [sample] = read(path)["examples"]
        there = Envelope.from_json(json.dumps(sample))
        assert Envelope.from_json(there.to_json()) == there


class TestHearers:
    def test_can_read_the_sample_of_every_fact_they_hear(self) -> None:
        heard = 0
        for name in contracts.service_names():
            for reader in contracts.heard_by(name):
                assert reader.TYPE in FACTS, f"nobody tells {reader.TYPE}, which {name} reads"
                sample = json.dumps(contracts.sample_of(FACTS[reader.TYPE]))
                reader.hear(Envelope.from_json(sample))
                heard += 1
        assert heard > 0

    def test_are_subscribed_to_facts_that_somebody_tells(self) -> None:
        assert contracts.subscriptions().keys() <= FACTS.keys()


def _references(node: Any) -> Any:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolves(document: Any, reference: str) -> bool:
    file, _, path = reference.partition("#")
    if file:
        return (contracts.FOLDER / file).is_file()
    node = document
    for part in path.strip("/").split("/"):
        if part not in node:
            return False
        node = node[part]
    return True
