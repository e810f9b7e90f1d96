"""Accounts at its HTTP door, as its tests speak to it."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from deploy.local.home import ROOT
from tests.connections import borrowed
from tests.fix_service import SIGNING_KEY, environment_of, keyed
from tests.fix_stack import Schema

PASSWORD = "cheval-pile-agrafe-correcte"
ADMIN = "administration@relais.example"


@dataclass(kw_only=True)
class Door:
    """The service, and its administrator's token."""

    client: httpx.Client
    schema: Schema
    admin: dict[str, str] = field(default_factory=dict)

    def sign_in(
        self, email: str, *, password: str = PASSWORD, address: str | None = None
    ) -> httpx.Response:
        headers = {"X-Real-IP": address or f"192.0.2.{uuid4().int % 250}:{uuid4()}"}
        body = {"email": email, "password": password}
        return self.client.post("/v1/sessions", json=body, headers=headers)

    def post(
        self, path: str, body: Any, *, as_: dict[str, str] | None = None, key: str | None = None
    ) -> httpx.Response:
        headers = keyed(self.admin if as_ is None else as_, key=key)
        return self.client.post(path, json=body, headers=headers)

    def get(self, path: str, *, as_: dict[str, str] | None = None) -> httpx.Response:
        return self.client.get(path, headers=self.admin if as_ is None else as_)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with borrowed(self.schema.admin_url, options="-c search_path=accounts") as admin:
            return admin.execute(query.encode(), values).fetchall()

    def log(self) -> list[dict[str, Any]]:
        """What the log says, in its order."""
        rows = self.rows("SELECT record FROM log_entry ORDER BY sequence")
        return [json.loads(row["record"]) for row in rows]

    def make_site(self) -> str:
        code = f"site-{uuid4().hex[:8]}"
        body = {"site_code": code, "name": "Un point", "address": "1 rue Fictive"}
        assert self.post("/v1/sites", body).status_code == 201
        return code

    def make_user(self, role: str, *site_codes: str, operator: str | None = None) -> dict[str, Any]:
        made = self.post("/v1/users", a_user(role, *site_codes, operator=operator))
        assert made.status_code == 201, made.text
        user: dict[str, Any] = made.json()
        return user

    def as_user(self, role: str, *site_codes: str) -> dict[str, str]:
        user = self.make_user(role, *site_codes)
        return {"Authorization": f"Bearer {self.sign_in(user['email']).json()['token']}"}


def a_user(role: str, *site_codes: str, operator: str | None = None) -> dict[str, Any]:
    return {
        "email": f"{role}.{uuid4().hex[:8]}@relais.example",
        "display_name": "Capucine Aubépin",
        "role": role,
        "site_codes": list(site_codes),
        "operator": operator,
        "password": PASSWORD,
    }


def run_create_admin(
    schema: Schema, *, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-c"),
            "from services.accounts.cli import app; app()",
            *("create-admin", "--email", ADMIN, "--display-name", "Romane Jolivet"),
        ],
        cwd=ROOT,
        env=environment_of(schema, RELAIS_SIGNING_KEY=SIGNING_KEY, RELAIS_ADMIN_PASSWORD=password),
        capture_output=True,
        text=True,
    )
