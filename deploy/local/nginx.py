"""A private nginx: one address for people and programs, in front of every service."""

import importlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from chassis import upkeep
from deploy.local import probe
from deploy.local.child import Child, find_program, plain_environment
from deploy.local.home import ROOT, Home
from deploy.local.ports import Ports
from deploy.local.processes import ServiceProcess, services_of

PAGES = Path(__file__).parent / "pages"
WEB = ROOT / "chassis" / "web" / "static"
SERVICE_LINE_MARK = 'data-service="'

MAIN = """\
# Written from deploy/local/nginx.py.
daemon off;
worker_processes 2;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log stderr crit;  # below that it would write down who was searched for
{user}
events {{ worker_connections 2048; }}
http {{
    access_log off;
    log_not_found off;
    server_tokens off;
    types {{
        application/problem+json json;
        text/css css;
        text/javascript js mjs;
        image/svg+xml svg;
        image/png png;
        text/plain txt;
        application/manifest+json webmanifest;
    }}
    default_type text/html;
    charset utf-8;
    charset_types text/html text/css text/javascript application/problem+json;
    gzip on;
    gzip_min_length 1000;
    gzip_proxied any;  # text/html is always among them; what the API answers is not packed
    gzip_types text/css text/javascript image/svg+xml application/manifest+json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;

    # The services bound what they read themselves; this keeps a flood off their doors.
    client_max_body_size 64m;
    client_body_buffer_size 128k;
    keepalive_requests 100000;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    # Said anew, never passed on: sign-in counts wrong passwords by the address it is told here.
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_connect_timeout 2s;
    proxy_read_timeout 60s;
    proxy_buffers 16 16k;
{upstreams}
    server {{
        listen {listen};
        root {pages};
        error_page 502 503 504 =503 /unavailable.fr.json;
        error_page 413 /too_large.fr.json;
        error_page 414 /too_long.fr.json;
        error_page 404 /not_found.fr.json;
        location ~ ^/[a-z_]+\\.fr\\.json$ {{ internal; add_header Retry-After 1 always; }}
        location = /unavailable.fr.html {{ internal; add_header Retry-After 5 always; }}
        location = /not_found.fr.html {{ internal; }}
        location = /services {{ try_files /services.fr.html =404; }}
        location / {{
            limit_except GET {{ deny all; }}
            error_page 404 /not_found.fr.html;
        }}
        location /api/ {{ return 404; }}
        # Looked at anew each time (304 for what has not changed), but for what has its version in
        # its path.
        location /static/ {{
            add_header Cache-Control no-cache;
            add_header X-Content-Type-Options nosniff;
        }}
        location ~ ^/static/[a-z]+/vendor/ {{
            add_header Cache-Control "public, max-age=31536000, immutable";
            add_header X-Content-Type-Options nosniff;
        }}
        # Takings by site: read at each service's own port, which nobody reaches from outside.
        location ~ ^/api/[^/]+/metrics(/|$) {{ return 404; }}
{locations}
    }}
}}
"""
# A connection that the service closes first would cost a sale its answer: we close before it does.
UPSTREAM = """\
    upstream {service} {{
{servers}
        keepalive 64;
        keepalive_requests 100000;
        keepalive_timeout 5s;
    }}
"""
SERVER = "        server {address} max_fails=1 fail_timeout=1s;"
LOCATION = "        location /api/{service}/ {{ proxy_pass http://{service}; }}"
PAGE = """\
        location {match}{path} {{
            proxy_pass http://{service};
            error_page 502 503 504 =503 /unavailable.fr.html;
        }}"""


def make_child(home: Home, *, ports: Ports, processes: Iterable[ServiceProcess]) -> Child:
    """The child that serves the web port, configured for the processes that answer HTTP."""
    folder = home.folder("nginx")
    write_pages(folder / "pages", services=services_of(processes))
    text = configuration(
        processes,
        folder=folder,
        pages=folder / "pages",
        listen=f"127.0.0.1:{ports.web}",
        address_of=lambda process: f"127.0.0.1:{ports.of(process)}",
        # Its workers must reach folders that may lie below a directory only root can enter.
        user="root" if os.geteuid() == 0 else "",
    )
    (folder / "nginx.conf").write_text(text)
    return Child(
        name="nginx",
        command=[find_program("nginx"), "-p", f"{folder}/", "-c", str(folder / "nginx.conf")],
        environment=plain_environment(),
        folder=folder,
        port=ports.web,
        order=0,
        answers=lambda: probe.http_ok(ports.web, path="/services"),
        home=home,
    )


def configuration(
    processes: Iterable[ServiceProcess],
    *,
    folder: Path,
    pages: Path,
    listen: str,
    address_of: Callable[[ServiceProcess], str],
    user: str = "",
) -> str:
    """The whole configuration; `folder` takes its files in use, `address_of` finds a process."""
    copies: dict[str, list[str]] = {}
    for process in processes:
        if process.serves_http:
            copies.setdefault(process.service, []).append(address_of(process))
    return MAIN.format(
        folder=folder,
        pages=pages,
        listen=listen,
        user=f"user {user};" if user else "",
        upstreams="\n".join(
            UPSTREAM.format(
                service=service,
                servers="\n".join(SERVER.format(address=address) for address in addresses),
            )
            for service, addresses in copies.items()
        ),
        locations="\n".join(location for service in copies for location in locations_of(service)),
    )


def locations_of(service: str) -> Iterable[str]:
    """What goes to a service: its API, its upkeep, and the pages that lie under its prefixes."""
    yield LOCATION.format(service=service)
    yield PAGE.format(match="= ", path=upkeep.PART.format(service=service), service=service)
    for prefix in prefixes_of(service):
        yield PAGE.format(match="= ", path=prefix, service=service)
        if prefix != "/":
            yield PAGE.format(match="", path=f"{prefix}/", service=service)


def prefixes_of(service: str) -> tuple[str, ...]:
    """Under which paths a service's pages lie; many a service has none."""
    if not (ROOT / "services" / service / "web").is_dir():
        return ()
    prefixes: tuple[str, ...] = importlib.import_module(f"services.{service}.web").PREFIXES
    return prefixes


def write_pages(pages: Path, *, services: Iterable[str]) -> None:
    """Copies what nginx serves itself: the static files, and what is said when a service is away.

    The list of the services keeps the lines of those that run.
    """
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(PAGES, pages)
    shutil.copytree(WEB, pages / "static" / "chassis")
    for service in services:
        own = ROOT / "services" / service / "web" / "static"
        if own.is_dir():
            shutil.copytree(own, pages / "static" / service)
    listed = pages / "services.fr.html"
    lines = [
        line
        for line in listed.read_text(encoding="utf-8").splitlines(keepends=True)
        if SERVICE_LINE_MARK not in line
        or line.split(SERVICE_LINE_MARK)[1].split('"')[0] in services
    ]
    listed.write_text("".join(lines), encoding="utf-8")
