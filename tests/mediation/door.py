"""Speaks to mediation's HTTP door, as a mediator unless somebody else is named."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from tests.fix_service import bearer, keyed
from tests.today import today

HERE = "saint-denis"
PERSON = UUID(int=42)
#: A case of each: nobody has two open cases at one site.
OTHERS = [UUID(int=1_000 + number) for number in range(100)]
_fresh = iter(OTHERS)
MEDIATOR = bearer("mediator", HERE)


def day(after_days: int) -> str:
    """Write a day as the process counts it, whose clock is real."""
    return (today() + timedelta(days=after_days)).isoformat()


def ask(door: httpx.Client, name: str, body: object, *, language: str = "fr") -> httpx.Response:
    headers = MEDIATOR | {"Accept-Language": language}
    return door.post(f"/v1/calculators/{name}", json=body, headers=headers)


def do(
    door: httpx.Client,
    path: str,
    body: object,
    *,
    who: dict[str, str] = MEDIATOR,
    key: str | None = None,
) -> httpx.Response:
    return door.post(path, json=body, headers=keyed(who, key=key))


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def opened(door: httpx.Client) -> str:
    """The path of a new case of somebody who has none yet."""
    body = {"person_ref": str(next(_fresh)), "site_code": HERE}
    case_id: str = done(do(door, "/v1/cases", body))["case_id"]
    return f"/v1/cases/{case_id}"


def a_mandate() -> dict[str, Any]:
    return {"operators": ["sfr"], "signed_on": day(-1), "until_on": day(365)}


def a_line(**more: Any) -> dict[str, Any]:
    return {
        "operator": "sfr",
        "kind": "service",
        "claimed_cents": 32_000,
        "due_on": day(-100),
    } | more
