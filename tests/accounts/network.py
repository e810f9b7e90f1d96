"""Accounts and two services that hear of it, as real processes on a bus."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.accounts.door import ADMIN, Door, run_create_admin
from tests.fix_service import SIGNING_KEY, serving
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.door import open_door

#: Reconnecting takes its growing pauses.
BACK_WITHIN_S = 20.0
OTHERS = {"recharges": "/v1/tills", "mediation": "/v1/cases"}


@dataclass(frozen=True, kw_only=True)
class Network:
    """Accounts, and the doors of two services that hear of it."""

    accounts: Door
    others: dict[str, httpx.Client]

    def statuses(self, token: dict[str, str]) -> set[int]:
        """What the others answer to whoever has this token."""
        return {
            self.others[name].get(path, headers=token).status_code for name, path in OTHERS.items()
        }

    def codes(self, token: dict[str, str]) -> set[str]:
        """The codes with which they refuse it."""
        return {
            self.others[name].get(path, headers=token).json()["code"]
            for name, path in OTHERS.items()
        }

    def somebody(self) -> tuple[dict[str, Any], dict[str, str]]:
        """An administrator who has just signed in, and is let in everywhere."""
        user = self.accounts.make_user("admin")
        session = self.accounts.sign_in(user["email"]).json()
        token = {"Authorization": f"Bearer {session['token']}"}
        assert self.statuses(token) == {200}
        return user | {"session_id": session["session_id"]}, token


@contextmanager
def started(
    schemas: dict[str, Schema], amqp_url: str, *, names: tuple[str, ...] = tuple(OTHERS)
) -> Iterator[dict[str, httpx.Client]]:
    parts = {"RELAIS_PARTS": "http,consume,relay", "AMQP_URL": amqp_url}
    with ExitStack() as opened:
        clients: dict[str, httpx.Client] = {}
        for name in names:
            if name == "recharges":
                clients[name] = opened.enter_context(open_door(schemas[name], **parts)).client
            else:
                keys = {"RELAIS_SIGNING_KEY": SIGNING_KEY} if name == "accounts" else {}
                clients[name] = opened.enter_context(
                    serving(name, schema=schemas[name], **parts, **keys)
                )
        yield clients


@contextmanager
def network_on(schemas: dict[str, Schema], amqp_url: str) -> Iterator[Network]:
    with started(schemas, amqp_url, names=("accounts", *OTHERS)) as clients:
        door = Door(client=clients.pop("accounts"), schema=schemas["accounts"])
        door.admin = {"Authorization": f"Bearer {door.sign_in(ADMIN).json()['token']}"}
        yield Network(accounts=door, others=clients)


def make_schemas(fresh_schema: FreshSchema) -> dict[str, Schema]:
    made = {name: fresh_schema(name) for name in ("accounts", *OTHERS)}
    assert run_create_admin(made["accounts"]).returncode == 0
    return made
