"""A private nginx: one address for people and programs, in front of every service."""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from deploy.local import probe
from deploy.local.child import Child, find_program, plain_environment
from deploy.local.home import Home
from deploy.local.ports import Ports
from deploy.local.processes import ServiceProcess, services_of

PAGES = Path(__file__).parent / "pages"
SERVICE_LINE_MARK = 'data-service="'

MAIN = """\
# Written from deploy/local/nginx.py.
daemon off;
worker_processes 2;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log stderr error;
{user}
events {{ worker_connections 2048; }}
http {{
    access_log off;
    log_not_found off;
    server_tokens off;
    types {{ application/problem+json json; }}
    default_type text/html;
    charset utf-8;
    charset_types text/html application/problem+json;
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
        index start.fr.html;
        error_page 502 503 504 =503 /unavailable.fr.json;
        error_page 413 /too_large.fr.json;
        error_page 404 /not_found.fr.json;
        location ~ ^/[a-z_]+\\.fr\\.json$ {{ internal; add_header Retry-After 1 always; }}
        location / {{ limit_except GET {{ deny all; }} }}
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
        answers=lambda: probe.http_ok(ports.web, path="/"),
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
        locations="\n".join(LOCATION.format(service=service) for service in copies),
    )


def write_pages(pages: Path, *, services: Iterable[str]) -> None:
    """Copies the pages; the start page keeps the lines of the services that run."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(PAGES, pages)
    start = pages / "start.fr.html"
    lines = [
        line
        for line in start.read_text(encoding="utf-8").splitlines(keepends=True)
        if SERVICE_LINE_MARK not in line
        or line.split(SERVICE_LINE_MARK)[1].split('"')[0] in services
    ]
    start.write_text("".join(lines), encoding="utf-8")
