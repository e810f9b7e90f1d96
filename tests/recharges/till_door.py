"""A till of its own behind the HTTP door, and somebody who buys there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from tests.fix_service import bearer, keyed
from tests.recharges.build import SITE
from tests.recharges.door import Door, an_order

CASHIER = bearer("till_operator", SITE)
MANAGER = bearer("site_manager", SITE)


@dataclass(frozen=True, kw_only=True)
class TillDoor:
    """A till behind the door, and somebody who buys there."""

    door: Door
    till: UUID
    person: UUID

    def post(
        self, path: str, body: Any, *, as_: dict[str, str] = CASHIER, key: str | None = None
    ) -> httpx.Response:
        return self.door.client.post(path, json=body, headers=keyed(as_, key=key))

    def open(self) -> str:
        answer = self.post(f"/v1/tills/{self.till}/drawer-sessions", {"float": {"2000": 2}})
        assert answer.status_code == 201, answer.text
        session: str = answer.json()["drawer_session_id"]
        return session

    def sell(self, **more: Any) -> dict[str, Any]:
        answer = self.door.sell(an_order(self.till, self.person) | more, as_=CASHIER)
        assert answer.status_code == 201, answer.text
        sold: dict[str, Any] = answer.json()
        return sold
