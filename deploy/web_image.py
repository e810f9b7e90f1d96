"""Writes the nginx configuration and pages of the web container, as the local stack has them."""

import sys
from pathlib import Path

from deploy.local import nginx
from deploy.local.ports import WEB_PORT_DEFAULT, Ports
from deploy.local.processes import ServiceProcess, present, services_of

PORTS = Ports(WEB_PORT_DEFAULT)
FOLDER = Path("/tmp/nginx")  # noqa: S108 - inside the container, where nothing else may be written


def address_of(process: ServiceProcess) -> str:
    """Compose gives a container the name of its service."""
    return f"{process.name}:{PORTS.of(process)}"


def configuration(pages: Path) -> str:
    """The configuration of the container, which listens on the same port as a local stack."""
    return nginx.configuration(
        present(),
        folder=FOLDER,
        pages=pages,
        listen=str(PORTS.web),
        address_of=address_of,
    )


def main(target: Path) -> None:
    """Writes `nginx.conf` and `pages/` into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    nginx.write_pages(target / "pages", services=services_of(present()))
    (target / "nginx.conf").write_text(configuration(target / "pages"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
