"""Every port of a stack, all derived from the one web port, and whether a stranger holds one."""

import errno
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.local.home import Trouble
from deploy.local.processes import ServiceProcess

WEB_PORT_DEFAULT = 8480
WEB_PORT_MAX = 55_000
PRIVATE_DISTANCE = 9590
# After those of the table of processes.
STRIPE_OFFSET, MAIL_OFFSET = 21, 22


@dataclass(frozen=True, slots=True)
class Ports:
    """The web port, and the private ones at a fixed distance from it."""

    web: int

    @classmethod
    def from_environment(cls) -> "Ports":
        text = os.environ.get("RELAIS_PORT") or str(WEB_PORT_DEFAULT)
        if not text.isdigit() or not 1 <= int(text) <= WEB_PORT_MAX:
            raise Trouble(
                f"RELAIS_PORT is {text!r}: it must be a number between 1 and {WEB_PORT_MAX}."
            )
        return cls(int(text))

    @property
    def base(self) -> int:
        return self.web + PRIVATE_DISTANCE

    @property
    def postgres(self) -> int:
        return self.base

    @property
    def amqp(self) -> int:
        return self.base + 1

    @property
    def epmd(self) -> int:
        return self.base + 2

    @property
    def distribution(self) -> int:
        return self.base + 3

    @property
    def stripe(self) -> int:
        return self.base + STRIPE_OFFSET

    @property
    def mail(self) -> int:
        return self.base + MAIL_OFFSET

    def of(self, process: ServiceProcess) -> int:
        return self.base + process.port_offset


def require_free(ports: Iterable[int], *, web: int) -> None:
    """Refuses to start on a port that a stranger serves, before anything is started."""
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # Connections of an earlier stack that still linger are no obstacle to a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen(1)
            except OSError as error:
                if error.errno == errno.EACCES:
                    raise Trouble(
                        f"port {port} needs root: choose a port above 1023 with RELAIS_PORT."
                    ) from None
                raise Trouble(
                    f"port {port} is already taken by another program: stop that one, "
                    f"or choose another web port, as in RELAIS_PORT={web + 100} make run."
                ) from None
