"""Speaks to the running network as its users do: over HTTP, through nginx, signed in."""

import time
import uuid
from collections.abc import Iterable
from typing import Any

import httpx

#: How long the demonstration waits for a fact to travel over the bus.
HEARD_WITHIN_S = 30.0
_LOOK_S = 0.05


class Refused(Exception):
    """A problem document, or an answer that is none."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", response.text[:300]))
        request = response.request
        super().__init__(
            f"{request.method} {request.url.path}: {self.status} {self.code}: {self.detail}"
            f" {problem.get('errors', '')}"
        )


class Client:
    """One person, or a machine, at the door of the network."""

    def __init__(self, web: str, *, token: str | None = None, user_id: str = "") -> None:
        self.user_id = user_id
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._web = web
        self._http = httpx.Client(base_url=f"{web}/api", headers=headers, timeout=60.0)

    def sign_in(self, email: str, password: str) -> "Client":
        """Return a client for a user, signed in."""
        answer = self.post("accounts/v1/sessions", {"email": email, "password": password})
        return Client(self._web, token=answer["token"], user_id=answer["user"]["id"])

    def get(self, path: str) -> Any:
        """Return the JSON answer, or raise Refused."""
        return _read(self._http.get(f"/{path}"))

    def post(
        self,
        path: str,
        body: dict[str, Any] | list[dict[str, Any]] | bytes,
        *,
        key: str | None = None,
        until_heard: Iterable[str] = (),
    ) -> Any:
        """Send a command under a key, a fresh one unless it is given; return its JSON answer.

        A refusal whose code is in `until_heard` means that a fact is still on its way over the
        bus: the same command is sent again, under the same key, for a bounded time.
        """
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if isinstance(body, bytes):
            headers["Content-Type"] = "text/csv"
        deadline = time.monotonic() + HEARD_WITHIN_S
        while True:
            try:
                return _read(self._http.post(f"/{path}", headers=headers, **content))
            except Refused as refused:
                if refused.code not in until_heard or time.monotonic() > deadline:
                    raise
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _read(response: httpx.Response) -> Any:
    if response.is_error:
        raise Refused(response)
    return response.json()
