"""Whatever is asked of a door, its answer is one that the service's document describes."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.doors.conftest import CopyOf
from tests.doors.copies import Copy, User
from tests.doors.known import known_at, someone
from tests.doors.matrix import NOBODY, Route, decided, routes

ROUTES = [route for route in routes() if not route.is_shared or route.service == "settlement"]
MATRIX = decided()
SITE = "saint-denis"
ASKED_OF_EACH = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def _who(route: Route, users: list[User]) -> dict[str, str]:
    """Somebody who gets in: of the roles that do, the one that may see most."""
    words = MATRIX[route.name]
    if words[NOBODY] == "free":
        return {}
    roles = ("admin", "site_manager", "operator_partner", "referrer", "mediator", "till_operator")
    role = next(role for role in roles if words[role] != "no")
    return someone(users, role, site_code=SITE).headers()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_answers_as_its_document_says(
    route: Route, copy_of: CopyOf, users: list[User], document_of: dict[str, Any]
) -> None:
    copy = copy_of(route.service)
    known = known_at(SITE, copy=copy, route=route.name)
    headers = _who(route, users)
    operation = document_of[route.service][route.path][route.method]
    # What fits the schema, and what does not: of the second, most doors have something to refuse.
    cases = st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode))

    @settings(
        max_examples=ASKED_OF_EACH,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, of_the_demonstration=st.booleans())
    def ask(case: Any, of_the_demonstration: bool) -> None:
        if of_the_demonstration:  # what exists gets further than what does not
            for name in case.path_parameters:
                case.path_parameters[name] = known.get(name, case.path_parameters[name])
        sent = headers | {"Idempotency-Key": str(uuid4())}
        answer = _call(copy, case, sent)
        case.validate_response(answer, checks=CHECKS)

    ask()


def _call(copy: Copy, case: Any, headers: dict[str, str]) -> Any:
    base: httpx.URL = copy.client.base_url
    return case.call(base_url=f"{base.scheme}://{base.host}:{base.port}", headers=headers)


@pytest.fixture(scope="module")
def document_of() -> dict[str, Any]:
    """Each service's document, as schemathesis reads it."""
    documents = {route.service: route.document for route in ROUTES}
    return {
        service: schemathesis.openapi.from_dict(document) for service, document in documents.items()
    }
