"""A service's OpenAPI document is made from the types its routes are declared with."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from chassis import openapi
from deploy import contracts
from tests.chassis.echo_service import Settlement


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(Settlement)


class TestDocument:
    def test_is_valid_openapi(self, document: dict[str, Any]) -> None:
        assert document["openapi"].startswith("3.1.")
        assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []

    def test_names_every_route_with_its_full_path(self, document: dict[str, Any]) -> None:
        routes = {(path, method) for path, on in document["paths"].items() for method in on}

        assert routes == {
            # those that every service has
            ("/api/settlement/v1/backlog", "get"),
            ("/api/settlement/v1/parked", "get"),
            ("/api/settlement/v1/parked/{parked_id}/discard", "post"),
            ("/api/settlement/v1/parked/{parked_id}/replay", "post"),
            # its own
            ("/api/settlement/v1/things", "get"),
            ("/api/settlement/v1/things", "post"),
            ("/api/settlement/v1/things/{thing_id}", "get"),
            ("/api/settlement/v1/things.csv", "get"),
            ("/api/settlement/v1/papers", "get"),
            ("/api/settlement/v1/sizes", "post"),
        }

    def test_says_who_may_call_and_with_which_key(self, document: dict[str, Any]) -> None:
        keep = document["paths"]["/api/settlement/v1/things"]["post"]
        measure = document["paths"]["/api/settlement/v1/sizes"]["post"]

        assert keep["x-roles"] == ["admin"]
        assert keep["security"] == [{"token": []}]
        assert [each["name"] for each in keep["parameters"]] == ["Idempotency-Key"]
        assert (measure["security"], measure["x-roles"], measure["parameters"]) == ([], [], [])

    def test_says_what_goes_in_and_comes_out(self, document: dict[str, Any]) -> None:
        paths, schemas = document["paths"], document["components"]["schemas"]
        keep = paths["/api/settlement/v1/things"]["post"]
        body = keep["requestBody"]["content"]["application/json"]["schema"]
        listed = paths["/api/settlement/v1/things"]["get"]["responses"]["200"]["content"]

        assert body == {"$ref": "#/components/schemas/Thing"}
        assert schemas["Thing"]["additionalProperties"] is False
        assert schemas["Thing"]["required"] == ["name"]
        done = {
            status: keep["responses"][status]["content"]["application/json"]["schema"]
            for status in keep["responses"]
            if status.startswith("2")
        }
        assert done == {
            "201": {"$ref": "#/components/schemas/Kept"},
            "202": {"$ref": "#/components/schemas/Later"},
        }
        assert listed["application/json"]["schema"]["type"] == "array"
        assert paths["/api/settlement/v1/things/{thing_id}"]["get"]["parameters"][0] == {
            "name": "thing_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"},
        }
        for status in ("401", "403", "404", "409", "413", "422", "503"):
            problem = keep["responses"][status]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}

    def test_names_the_parameters_of_a_query(self, document: dict[str, Any]) -> None:
        show = document["paths"]["/api/settlement/v1/things/{thing_id}"]["get"]
        listed = document["paths"]["/api/settlement/v1/things"]["get"]

        assert show["parameters"][1] == {
            "name": "name",
            "in": "query",
            "required": False,
            "description": "What to call it.",
            "schema": {"type": "string", "maxLength": 40, "default": ""},
        }
        assert show["parameters"][2]["schema"]["anyOf"][0]["enum"] == ["red", "green"]
        assert [each["name"] for each in listed["parameters"]] == ["after", "limit", "least"]
        assert "Link" in listed["responses"]["200"]["headers"]
        assert "Asked" not in document["components"]["schemas"]

    def test_says_of_what_type_a_file_is(self, document: dict[str, Any]) -> None:
        sent = document["paths"]["/api/settlement/v1/sizes"]["post"]["requestBody"]
        got = document["paths"]["/api/settlement/v1/things.csv"]["get"]["responses"]["200"]

        assert sent["content"] == {"text/csv": {"schema": {"type": "string"}}}
        assert got["content"] == {"text/csv": {"schema": {"type": "string"}}}
        some = document["paths"]["/api/settlement/v1/papers"]["get"]["responses"]["200"]
        assert some["content"] == {"*/*": {"schema": {"type": "string", "format": "binary"}}}

    def test_calls_types_of_one_name_by_their_trade(self) -> None:
        document = openapi.document(contracts.service_class("mediation"))
        schemas = document["components"]["schemas"]

        assert {"MandateState", "OfferState"} <= set(schemas)
        assert not [name for name in schemas if "__" in name]
        assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
