"""Pages: GET routes outside `/api` that answer in HTML, whatever happens.

    @page("/accueil", allow=STAFF, query=DeskQuery)
    def show_desk(self, tx, call, query): return View("desk.html", referrals=...)

The method runs in a transaction, as a query's does, and returns a `View` or a `Redirect`.  Nobody
signed in: a page leads to the sign-in and back; a part of a page that htmx asked for answers 401,
and the page opens the sign-in over itself, so that nothing typed is lost.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from chassis import problem
from chassis.http import Call, Query
from chassis.shapes import Bytes, File
from chassis.web import render
from kernel.refusal import Unauthenticated

SIGN_IN = "/connexion"
_HTML = "text/html; charset=utf-8"
#: No script and no style but our own files; no page of ours in somebody else's frame.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "worker-src 'self'",
        "frame-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=()",
    # What is on a page is about people: no copy stays behind on a shared screen.
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class View:
    """A page to be written: a template and what it shows."""

    template: str
    values: Mapping[str, Any]
    status: int

    def __init__(self, template: str, *, status: int = 200, **values: Any) -> None:
        object.__setattr__(self, "template", template)
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another page of ours to go to."""

    path: str


class Page(Query):
    """A route that answers a browser."""

    documented = False

    def __init__(
        self, path: str, *, allow: tuple[str, ...], query: type[BaseModel] | None = None
    ) -> None:
        super().__init__("GET", path, allow=allow, answer=Bytes("text/html"), query=query)

    def get_url_rule(self) -> Rule:
        """Return the path as people see it."""
        return Rule(self.path, methods=["GET"])

    def handle_request(self, request: Request) -> Response:
        """Answer one request; whatever happens becomes a page."""
        response = super().handle_request(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _refused(self, error: Exception, request: Request, language: str) -> Response:
        service = self.container.service_name
        said = problem.response(error, language=language, service=service)
        is_part = "HX-Request" in request.headers
        if isinstance(error, Unauthenticated) and not is_part:
            back = quote(request.full_path.removesuffix("?"))
            return Response(status=303, headers={"Location": f"{SIGN_IN}?next={back}"})
        view = View(
            "problem_part.html" if is_part else "problem.html",
            status=said.status_code,
            problem=said.get_json(),
        )
        return self._page(view, language=language, call=None)

    def _written(self, result: Any, call: Call) -> Response:
        if isinstance(result, Redirect):
            return Response(status=303, headers={"Location": result.path})
        if isinstance(result, File):
            return super()._written(result, call)
        return self._page(result, language=call.language, call=call)

    def _page(self, view: View, *, language: str, call: Call | None) -> Response:
        html = render.page(
            view.template,
            view.values,
            service=self.container.service_name,
            language=language,
            call=call,
        )
        return Response(html, status=view.status, content_type=_HTML)


def lost(said: Response, *, service: str, language: str) -> Response:
    """Say as a page what a problem document says about an address where nothing is."""
    html = render.page(
        "problem.html", {"problem": said.get_json()}, service=service, language=language, call=None
    )
    return Response(html, status=said.status_code, content_type=_HTML, headers=HEADERS)


_Method = TypeVar("_Method", bound=Callable[..., Any])


def page(
    path: str, *, allow: tuple[str, ...], query: type[BaseModel] | None = None
) -> Callable[[_Method], _Method]:
    """Declare a method of a service class as a page; see `Page`."""
    declared: Callable[[_Method], _Method] = Page.decorator(path, allow=allow, query=query)
    return declared


def pages_of(service_class: type) -> list[Page]:
    """List the pages that are declared on a service class, by path."""
    found = [
        entrypoint
        for _, method in inspect.getmembers(service_class, inspect.isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if isinstance(entrypoint, Page)
    ]
    return sorted(found, key=lambda each: each.path)
