"""A service's OpenAPI document is made from the types its routes are declared with."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from chassis import openapi
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
            ("/api/settlement/v1/things", "get"),
            ("/api/settlement/v1/things", "post"),
            ("/api/settlement/v1/things/{thing_id}", "get"),
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
        assert "201" in keep["responses"]
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
