"""The HTTP door: typed routes on nameko's entry points.

Three kinds of route, by what the chassis does around the service's method:

- `command` changes something: it needs an Idempotency-Key, and runs in one transaction with the
  claim of that key and the answer kept for the next time the key comes;
- `query` reads: it runs in a transaction;
- `door` gets no transaction: sign-in, calculators, and commands that are committed in groups.

Each checks the token and the caller's role first, then the size and the shape of the body and of
the query.  The method gets `(tx, call, body, query)`, each of them where the route has it, and what
its path names as keywords.

A route declares its one answer (`answer=`, `status=`), or all of them by status (`answers=`);
the first is what the method returns by itself, another is a `Reply` that names its status.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from eventlet.event import Event
from nameko.web.handlers import HttpRequestHandler
from pydantic import BaseModel, TypeAdapter
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from chassis import auth, clock, cookies, idempotency, metrics, problem, texts
from chassis.auth import ROLES, Caller, Employed, EmployeesOnly, RoleNotAllowed
from chassis.db import Transaction
from chassis.ids import new_id
from chassis.resources import Resources
from chassis.server import Server
from chassis.shapes import Answer, Body, Bytes, Download, File, Page, Paged, Parameters, Reply
from kernel.refusal import Invalid, Refusal, TooLarge

#: `allow=ANYONE`: no token is asked for.
ANYONE: tuple[str, ...] = ()
#: `allow=SIGNED_IN`: any role.
SIGNED_IN: tuple[str, ...] = ROLES

_JSON = "application/json"
_NOBODY = Caller(user_id=UUID(int=0), role="", site_codes=frozenset())
_NUL = (b"\x00", b"\\u0000")
_NUL_REASON = "A text holds a NUL character."
_TWICE_REASON = "This parameter is given twice."


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who calls, when and from where: what a method knows besides the body."""

    now: datetime
    caller: Caller
    address: str
    language: str
    path: str = ""
    #: The query as it came; a route that declares `query=` gets it checked, as an argument.
    query: Mapping[str, str] = field(default_factory=dict)
    #: The Idempotency-Key and what makes two requests the same; None and empty on a query.
    key: str | None = None
    request_hash: bytes = b""
    #: As they came: for the few routes whose callers sign what they send.
    headers: Headers = field(default_factory=Headers, repr=False)

    def new_id(self) -> UUID:
        """Return a fresh id."""
        return new_id()


class Door(HttpRequestHandler):  # type: ignore[misc]  # nameko has no types
    """One route: token, role, size, shape, method, answer."""

    resources = Resources()
    server = Server()
    expected_exceptions = Refusal
    #: Whether programs may count on the route: it stands in the OpenAPI document.
    documented = True

    def __init__(
        self,
        method: str,
        path: str,
        *,
        allow: tuple[str, ...],
        answer: Any = None,
        status: int = 200,
        answers: Mapping[int, Any] | None = None,
        body: Any = None,
        query: type[BaseModel] | None = None,
        limit: int | None = None,
        keyed: bool = False,
        max_age_s: int | None = None,
    ) -> None:
        self.path = path
        self.body = body
        self.query = query
        self.answers = {status: answer} if answers is None else answers
        self.status = next(iter(self.answers))
        self.allow = allow
        self.limit = limit
        self.keyed = keyed
        self.max_age_s = max_age_s
        super().__init__(method, path)

    @cached_property
    def _writers(self) -> dict[int, TypeAdapter[Any]]:
        return {status: TypeAdapter(answer) for status, answer in self.answers.items()}

    @property
    def route(self) -> str:
        """The route as metrics and OpenAPI name it."""
        return f"{self.method} {self.path}"

    def get_url_rule(self) -> Rule:
        """Return the full path the service answers at."""
        full = f"/api/{self.container.service_name}{self.path}"
        return Rule(full, methods=[self.method])

    def setup(self) -> None:
        """Take part in the server, when this process has a door."""
        if "http" in self.resources.settings.parts:
            self.server.register_provider(self)

    def handle_request(self, request: Request) -> Response:
        """Answer one request; whatever happens becomes a response."""
        started = time.perf_counter()
        language = texts.language_of(request.headers.get("Accept-Language"))
        try:
            response = self._respond(request, language)
        except Exception as error:
            response = self._refused(error, request, language)
        # What a browser kept would still be there for whoever sits down next.
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        metrics.http_seconds.labels(self.route, response.status_code).observe(
            time.perf_counter() - started
        )
        return response

    def _refused(self, error: Exception, request: Request, language: str) -> Response:
        return problem.response(error, language=language, service=self.container.service_name)

    def _respond(self, request: Request, language: str) -> Response:
        now = clock.now()
        caller = self._authorise(request, now)
        raw = self._read(request)
        given = [self._parse(raw)] if self.body is not None else []
        query = _query(request)
        if self.query is not None:
            given.append(self.query.model_validate(query))
        key, request_hash = None, b""
        if self.keyed:
            key = idempotency.key_from(request.headers.get("Idempotency-Key"))
            parts = [
                each.model_dump_json() if isinstance(each, BaseModel) else each for each in given
            ] or [raw]
            request_hash = idempotency.request_hash(
                str(caller.user_id), self.method, request.path, *parts
            )
        call = Call(
            now=now,
            caller=caller,
            address=_address(request, self.resources.settings.proxies),
            language=language,
            path=request.path,
            query=query,
            key=key,
            request_hash=request_hash,
            headers=request.headers,
        )
        with self._turn(key):
            return self._run(call, given, request.path_values)  # type: ignore[attr-defined]

    def _turn(self, key: str | None) -> AbstractContextManager[None]:
        """Wait until nobody else in this process works on the key, before taking a connection."""
        if key is None:
            return nullcontext()
        return self.resources.turns.take(
            key, wait_s=self.resources.settings.lock_wait_ms_max / 1000
        )

    def _authorise(self, request: Request, now: datetime) -> Caller:
        cookies.require_no_other_site(request)
        if self.allow is ANYONE:
            return _NOBODY
        caller = self.resources.verifier.verify(cookies.authorization_of(request), now=now)
        cookies.require_same_person(request, str(caller.user_id))
        if caller.role not in self.allow:
            raise RoleNotAllowed(role=caller.role, roles=self.allow)
        if caller.volunteer and isinstance(self.allow, Employed):
            raise EmployeesOnly()
        return caller

    def _read(self, request: Request) -> bytes:
        limit = self.limit or self.resources.settings.http_body_bytes_max
        if (request.content_length or 0) > limit:
            raise TooLarge(limit_bytes=limit)
        try:
            raw: bytes = request.environ["wsgi.input"].read(limit + 1)
        except (ValueError, OSError) as error:  # chunks that are none, or a caller who left
            raise BadRequest() from error
        if len(raw) > limit:
            raise TooLarge(limit_bytes=limit)
        if len(raw) < (request.content_length or 0):
            raise BadRequest()  # half a file is no file
        return raw

    def _parse(self, raw: bytes) -> Any:
        if isinstance(self.body, Bytes):
            return raw
        if any(nul in raw for nul in _NUL):
            raise Invalid(errors=[{"field": "", "reason": _NUL_REASON}])
        return self.body.model_validate_json(raw or b"{}")

    def _run(self, call: Call, given: Sequence[Any], path: Mapping[str, Any]) -> Response:
        return self._written(self._work((call, *given), path), call)

    def _work(self, arguments: tuple[Any, ...], path: Mapping[str, Any]) -> Any:
        """Run the service's method as a nameko worker and wait for what it returns."""
        done = Event()
        self.container.spawn_worker(
            self, arguments, path, handle_result=partial(self.handle_result, done)
        )
        return done.wait()

    def _dump(self, result: Any) -> tuple[int, bytes]:
        status, answer = self.status, result
        if isinstance(result, Reply):
            status, answer = result.status, result.answer
        if isinstance(answer, Paged):
            answer = answer.items
        writer = self._writers[status]  # a status that is not declared is not answered
        if isinstance(answer, BaseModel):
            return status, answer.model_dump_json(by_alias=True).encode()
        return status, writer.dump_json(answer, by_alias=True)

    def _written(self, result: Any, call: Call) -> Response:
        if isinstance(result, File):
            return Response(
                result.content,
                status=self.status,
                content_type=result.media_type,
                headers=dict(result.headers),
            )
        if isinstance(result, Download):
            named = {"Content-Disposition": f'attachment; filename="{result.name}"'}
            return Response(result.parts, content_type=result.media_type, headers=named)
        answer_of = self.answers[self.status]
        if isinstance(answer_of, Bytes):
            return Response(result, status=self.status, mimetype=answer_of.media_type)
        status, answer = self._dump(result)
        response = Response(answer, status=status, content_type=_JSON)
        if self.max_age_s is not None:  # the same for everybody, and no secret
            response.headers["Cache-Control"] = f"public, max-age={self.max_age_s}"
        if isinstance(result, Paged) and result.last is not None:
            next_page = urlencode({**call.query, "after": result.last})
            response.headers["Link"] = f'<{call.path}?{next_page}>; rel="next"'
        return _with_cookies(response, result, call)


class Query(Door):
    """A route that reads, in a transaction given to the method."""

    def _run(self, call: Call, given: Sequence[Any], path: Mapping[str, Any]) -> Response:
        with self.resources.database.transaction() as tx:
            return self._written(self._work((tx, call, *given), path), call)


class Command(Door):
    """A route that changes something, once for each Idempotency-Key."""

    def __init__(self, method: str, path: str, **options: Any) -> None:
        options["keyed"] = True
        super().__init__(method, path, **options)

    def _run(self, call: Call, given: Sequence[Any], path: Mapping[str, Any]) -> Response:
        assert call.key is not None
        with self.resources.database.transaction() as tx:
            before = idempotency.claim(
                tx, key=call.key, request_hash=call.request_hash, caller=call.caller
            )
            if before is not None:
                status, kept = before
                return Response(kept, status=status, content_type=_JSON)
            result = self._work((tx, call, *given), path)
            status, answer = self._dump(result)
            idempotency.keep(tx, key=call.key, status=status, answer=answer.decode())
        return _with_cookies(Response(answer, status=status, content_type=_JSON), result, call)


Method = TypeVar("Method", bound=Callable[..., Any])


class Declare(Protocol):
    """Declares a method of a service class as a route; the options are those of `Door`."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        allow: tuple[str, ...],
        answer: Any = None,
        status: int = 200,
        answers: Mapping[int, Any] | None = None,
        body: Any = None,
        query: type[BaseModel] | None = None,
        limit: int | None = None,
        keyed: bool = False,
        max_age_s: int | None = None,
    ) -> Callable[[Method], Method]: ...


door: Declare = Door.decorator
query: Declare = Query.decorator
command: Declare = Command.decorator


def _address(request: Request, proxies: tuple[IPv4Network | IPv6Network, ...]) -> str:
    """Return the caller's address; a proxy of our own says it in X-Real-IP."""
    peer = request.remote_addr or ""
    told = request.headers.get("X-Real-IP", "")
    if told and peer and any(ip_address(peer) in network for network in proxies):
        with suppress(ValueError):
            return str(ip_address(told))
    return peer


def _with_cookies(response: Response, result: Any, call: Call) -> Response:
    """Set the cookies of a result; whoever lies about their own way harms only their own cookie."""
    for cookie in result.cookies if isinstance(result, Reply) else ():
        cookie.put(response, secure=call.headers.get("X-Forwarded-Proto") == "https")
    return response


def _query(request: Request) -> Mapping[str, str]:
    if not request.query_string:
        return {}
    try:
        values = request.args.to_dict(flat=False)
    except UnicodeDecodeError as error:  # raw bytes that nobody escaped
        raise BadRequest() from error
    wrong = [
        {"field": name, "reason": _TWICE_REASON} for name, given in values.items() if len(given) > 1
    ]
    if any("\x00" in text for given in values.values() for text in given):
        wrong.append({"field": "", "reason": _NUL_REASON})
    if wrong:
        raise Invalid(errors=wrong)
    return {name: given[0] for name, given in values.items()}


__all__ = [
    "ANYONE",
    "SIGNED_IN",
    "Answer",
    "Body",
    "Bytes",
    "Call",
    "Door",
    "Download",
    "Employed",
    "File",
    "Page",
    "Paged",
    "Parameters",
    "Reply",
    "Transaction",
    "auth",
    "command",
    "door",
    "query",
]
