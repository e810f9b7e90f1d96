"""The fixture `door`: the service in a process of its own, with its first administrator."""

from collections.abc import Iterator

import pytest

from tests.accounts.door import ADMIN, Door, run_create_admin
from tests.fix_service import SIGNING_KEY, serving
from tests.fix_stack import FreshSchema, Schema


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("accounts")


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[Door]:
    made = run_create_admin(schema)
    assert made.returncode == 0, made.stderr
    with serving("accounts", schema=schema, RELAIS_SIGNING_KEY=SIGNING_KEY) as client:
        door = Door(client=client, schema=schema)
        door.admin = {"Authorization": f"Bearer {door.sign_in(ADMIN).json()['token']}"}
        yield door
