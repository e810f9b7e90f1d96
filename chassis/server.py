"""The web server of one service: nameko's, with limits, health, metrics and our own errors."""

import json
import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import eventlet
from eventlet import wsgi
from nameko.web.server import WebServer
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from chassis import health, metrics, openapi, problem, texts
from chassis.protocol import Protocol
from chassis.resources import Resources

_log = logging.getLogger(__name__)
_BACKLOG = 512


class Server(WebServer):  # type: ignore[misc]  # nameko has no types
    """Listens on one port; a process without routes still shows its health and its figures."""

    resources = Resources()

    def start(self) -> None:
        """Listen, once, however many routes share this server."""
        if self._starting:  # type: ignore[has-type]
            return
        self._starting = True
        settings = self.resources.settings
        address = (settings.relais_http_host, settings.relais_http_port)
        self._sock = eventlet.listen(address, backlog=_BACKLOG, reuse_port=False)
        self._sock.settimeout(None)
        self._serv = self.get_wsgi_server(self._sock, App(self))
        self._gt = self.container.spawn_managed_thread(self.run)

    def get_wsgi_server(
        self, sock: Any, wsgi_app: Any, protocol: Any = Protocol, debug: bool = False
    ) -> wsgi.Server:
        """Return eventlet's server, silent, with a limit on idle connections."""
        return wsgi.Server(
            sock,
            sock.getsockname(),
            wsgi_app,
            protocol=protocol,
            debug=debug,
            log=_log,
            log_output=False,
            socket_timeout=self.resources.settings.http_idle_seconds_max,
            keepalive=True,
        )

    def process_request(self, sock: Any, address: Any) -> None:
        """Serve one connection; what breaks in it must not end the service (nameko would)."""
        try:
            super().process_request(sock, address)
        except Exception as error:
            _log.info("connection ended early", extra={"reason": str(error)[:200]})

    def stop(self) -> None:
        """Stop listening."""
        self._is_accepting = False
        if self._gt is not None:
            self._gt.kill()
            self._sock.close()


class App:
    """What answers: the chassis's own pages, then the service's routes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._routes = server.make_url_map()
        #: Routes without a variable part are found without a search.
        self._fixed = {
            (method, rule.rule): rule.endpoint
            for rule in self._routes.iter_rules()
            if not rule.arguments
            for method in rule.methods or ()
        }
        name = server.container.service_name
        pages: dict[str, Callable[[], Response]] = {
            "healthz": health.alive,
            "readyz": lambda: health.ready(server.resources.database),
            "metrics": lambda: Response(metrics.page(), content_type=metrics.CONTENT_TYPE),
            "openapi.json": lambda: Response(self._openapi, content_type="application/json"),
        }
        self._pages = {f"/{page}": answer for page, answer in pages.items()}
        self._pages |= {f"/api/{name}/{page}": answer for page, answer in pages.items()}

    @cached_property
    def _openapi(self) -> str:
        return json.dumps(openapi.document(self._server.container.service_cls), ensure_ascii=False)

    def __call__(self, environ: dict[str, Any]) -> Response:
        page = self._pages.get(environ["PATH_INFO"])
        if page is not None:
            return page()
        request = Request(environ)
        try:
            door, values = self._find(environ)
        except HTTPException as error:
            return self._lost(error, request)
        request.path_values = values  # type: ignore[attr-defined]
        response: Response = door.handle_request(request)
        return response

    def _lost(self, error: HTTPException, request: Request) -> Response:
        """Say that nothing is there: to a program at an API, to a person as a page."""
        language = texts.language_of(request.headers.get("Accept-Language"))
        said = problem.response(error, language=language)
        if request.path.startswith("/api/"):
            return said
        from chassis.web.page import lost  # a page is a door, and a door needs this server

        return lost(said, service=self._server.container.service_name, language=language)

    def _find(self, environ: dict[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        door = self._fixed.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if door is not None:
            return door, {}
        found: tuple[Any, Mapping[str, Any]] = self._routes.bind_to_environ(environ).match()
        return found
