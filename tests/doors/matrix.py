"""The permission matrix: for each route and role, what people decided, beside what the code does.

`permissions.csv` has a line for each route of each OpenAPI document and a column for each role:

    no      refused, whatever is asked for
    own     at the caller's own sites, and refused at any other
    mine    what is the caller's own: their referrals, their operator's lines
    all     at every site
    free    whoever has the role: nothing in it belongs to a site

`enrolling` is whoever must enrol a second factor before anything else.  A column for a caller
without a token says `free` or `no`.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.home import ROOT

ROLES = (
    "till_operator",
    "mediator",
    "operator_partner",
    "referrer",
    "site_manager",
    "admin",
    "till_device",
    "enrolling",
)
NOBODY = "nobody"
WORDS = ("no", "own", "mine", "all", "free")
_FILE = Path(__file__).with_name("permissions.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of one document."""

    service: str
    method: str
    path: str
    operation: dict[str, Any]
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """As the matrix names it: `POST recharges/v1/sales`."""
        return f"{self.method} {self.path.removeprefix('/api/')}"

    @property
    def is_shared(self) -> bool:
        """Whether every service has it, from the chassis: what is true of one is true of all."""
        own = self.path.removeprefix(f"/api/{self.service}/v1/")
        return own == "backlog" or own.partition("/")[0] == "parked"

    @property
    def roles(self) -> frozenset[str]:
        """Who gets in, by the code; nobody needs a token when it is empty."""
        return frozenset(self.operation["x-roles"])

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its JSON body, if it takes one."""
        content = self.operation.get("requestBody", {}).get("content", {})
        found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return found

    def parameters(self, where: str) -> list[dict[str, Any]]:
        """Its parameters in the path, the query or the headers."""
        return [each for each in self.operation["parameters"] if each["in"] == where]


def routes() -> Iterator[Route]:
    """Every operation of every document in `contracts/openapi`."""
    for file in sorted((ROOT / "contracts" / "openapi").glob("*.json")):
        document = json.loads(file.read_text())
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                yield Route(
                    service=file.stem,
                    method=method.upper(),
                    path=path,
                    operation=operation,
                    document=document,
                )


def decided() -> dict[str, dict[str, str]]:
    """The lines of the matrix: for each route, a word for each role."""
    with _FILE.open(newline="") as lines:
        return {line.pop("route"): line for line in csv.DictReader(lines)}
