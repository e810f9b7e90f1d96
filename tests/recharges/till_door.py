"""A till of its own behind the HTTP door, and somebody who buys there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.fix_service import bearer, keyed
from tests.recharges.build import SITE
from tests.recharges.door import Door, an_order

CASHIER_ID, MANAGER_ID = uuid4(), uuid4()
CASHIER = bearer("till_operator", SITE, user_id=CASHIER_ID)
MANAGER = bearer("site_manager", SITE, user_id=MANAGER_ID, name="Moussa K.")
#: What a paper is, by the format it was asked for in.
MEDIA = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "escpos": "application/octet-stream",
    "sms": "text/plain; charset=utf-8",
}


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

    def done(self, path: str, body: Any, *, as_: dict[str, str] = CASHIER) -> Any:
        answer = self.post(path, body, as_=as_)
        assert answer.is_success, answer.text
        return answer.json()

    def open(self) -> str:
        opened = self.done(f"/v1/tills/{self.till}/drawer-sessions", {"float": {"2000": 2}})
        session: str = opened["drawer_session_id"]
        return session

    def sell(self, *, as_: dict[str, str] = CASHIER, **more: Any) -> dict[str, Any]:
        answer = self.door.sell(an_order(self.till, self.person) | more, as_=as_)
        assert answer.status_code == 201, answer.text
        sold: dict[str, Any] = answer.json()
        return sold
