"""One request of Stripe's API: who asks, once per key, and what the weather does to it."""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from deploy.stripe import routes
from deploy.stripe.errors import INVALID, Refused
from deploy.stripe.forms import nest, pairs_of
from deploy.stripe.store import Books, KeptAnswer
from deploy.stripe.weather import BadDay

KEY_LENGTH_MAX = 255
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent; names of headers are in lower case."""

    method: str
    path: str
    encoded: str
    headers: Mapping[str, str]

    @property
    def is_form(self) -> bool:
        return self.headers.get("content-type", "").startswith(FORM)

    @property
    def fingerprint(self) -> str:
        """The same for the same request, in whatever order its parameters come."""
        said = json.dumps([self.method, self.path, sorted(pairs_of(self.encoded))])
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client is sent; nothing when the connection is cut."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


class Api:
    """Answers requests as Stripe does."""

    def __init__(self, books: Books, *, api_keys: Sequence[str]) -> None:
        self._books = books
        self._api_keys = api_keys
        self._running: set[tuple[str, str]] = set()
        self._running_lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """The answer, whatever was asked."""
        request_id = f"req_{secrets.token_hex(8)}"
        try:
            answer = self._answer(request, request_id=request_id)
        except Refused as refused:
            answer = _error(refused)
        return replace(answer, headers={"Request-Id": request_id, **answer.headers})

    def _answer(self, request: Request, *, request_id: str) -> Answer:
        account = self._account(request)
        if request.encoded and request.method == "POST" and not request.is_form:
            raise Refused(400, INVALID, f"Send {FORM}.")
        with self._books.desk() as desk:
            day = desk.take_bad_day(lambda each: each.concerns(request.method, request.path))
        match day.kind if day else "":
            case "cut_before":
                return Answer(status=0, body="", cut=True)
            case "rate_limit":
                message = "Request rate limit exceeded."
                raise Refused(429, INVALID, message, code="rate_limit")
            case "server_error":
                raise _broken()
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return self._in_this_weather(day, self._run(request, day, request_id=request_id))
        if not 1 <= len(key) <= KEY_LENGTH_MAX:
            message = f"Idempotency-Key must have 1 to {KEY_LENGTH_MAX} characters."
            raise Refused(400, "idempotency_error", message)
        with self._alone(account, key):
            answer = self._run(request, day, request_id=request_id, account=account, key=key)
            return self._in_this_weather(day, answer)

    def _run(
        self,
        request: Request,
        day: BadDay | None,
        *,
        request_id: str,
        account: str = "",
        key: str | None = None,
    ) -> Answer:
        fingerprint = request.fingerprint
        with self._books.desk(request_id=request_id, key=key) as desk:
            if key and (kept := desk.kept_answer(account, key)):
                return _replayed(kept, key, fingerprint=fingerprint)
            try:
                route, identifiers = routes.find(request.method, request.path)
                form = nest(pairs_of(request.encoded))
                document = routes.run(route, desk, form, identifiers)
                answer = Answer(status=200, body=json.dumps(document))
            except Refused as refused:
                if not refused.kept:
                    raise  # which undoes whatever had begun
                answer = _error(refused)
            if day and day.kind == "server_error_after":
                answer = _error(_broken())
            if key:
                desk.keep_answer(
                    account,
                    key,
                    KeptAnswer(
                        fingerprint=fingerprint,
                        status=answer.status,
                        body=answer.body,
                        request_id=request_id,
                    ),
                )
        return answer

    def _in_this_weather(self, day: BadDay | None, answer: Answer) -> Answer:
        if day and day.kind == "slow":
            time.sleep(day.seconds)
        return replace(answer, cut=bool(day and day.kind == "cut"))

    def _account(self, request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        for number, known in enumerate(self._api_keys):
            if scheme == "Bearer" and hmac.compare_digest(given.encode(), known.encode()):
                return str(number)
        message = (
            f"Invalid API Key provided: {given[:8]}****"
            if given
            else "You did not provide an API key."
        )
        raise Refused(401, INVALID, message)

    @contextmanager
    def _alone(self, account: str, key: str) -> Iterator[None]:
        """No other request runs under the same key meanwhile, answer included."""
        with self._running_lock:
            if (account, key) in self._running:
                message = (
                    "There is currently another in-progress request using this Idempotent Key: "
                    f"{key}. Please try again later."
                )
                raise Refused(409, "idempotency_error", message, code="idempotency_key_in_use")
            self._running.add((account, key))
        try:
            yield
        finally:
            with self._running_lock:
                self._running.remove((account, key))


def _replayed(kept: KeptAnswer, key: str, *, fingerprint: str) -> Answer:
    if kept.fingerprint != fingerprint:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request."
        )
        raise Refused(400, "idempotency_error", message)
    headers = {"Idempotent-Replayed": "true", "Original-Request": kept.request_id}
    return Answer(status=kept.status, body=kept.body, headers=headers)


def _error(refused: Refused) -> Answer:
    return Answer(status=refused.status, body=json.dumps(refused.document()))


def _broken() -> Refused:
    return Refused(500, "api_error", "An unknown error occurred")
