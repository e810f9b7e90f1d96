"""Plays the mail server of a local stack: takes every mail and keeps it as a file.

Nothing leaves the machine.  A file is `<when>-<to>.eml`; the oldest go when there are too many.
"""

import os
import re
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

NEEDED = ("RELAIS_MAIL_FOLDER", "RELAIS_SMTP_PORT")
KEPT_MAX = 1_000
_BYTES_MAX = 10_000_000


class Box:
    """Writes what it is handed into a folder; the names aiosmtpd calls it by are its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail before the answer that says so."""
        self.keep(envelope.original_content or b"", to=",".join(envelope.rcpt_tos))
        return "250 kept"

    def keep(self, content: bytes, *, to: str) -> None:
        """Write one mail whole, then let the oldest go."""
        when = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        name = f"{when}-{re.sub(r'[^A-Za-z0-9@.,+-]', '_', to)[:100]}.eml"
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(content)
        unfinished.replace(self._folder / name)
        for old in sorted(self._folder.glob("*.eml"))[:-KEPT_MAX]:
            old.unlink(missing_ok=True)


def main(environment: Mapping[str, str]) -> None:
    """Serve until a signal says otherwise."""
    if empty := [name for name in NEEDED if not environment.get(name, "").strip()]:
        sys.exit(f"the mailbox cannot start: set {', '.join(empty)}.")
    folder = Path(environment["RELAIS_MAIL_FOLDER"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    controller = Controller(
        Box(folder),
        hostname=environment.get("RELAIS_SMTP_HOST", "127.0.0.1"),
        port=int(environment["RELAIS_SMTP_PORT"]),
        data_size_limit=_BYTES_MAX,
    )
    controller.start()
    over.wait()
    controller.stop()


if __name__ == "__main__":
    main(os.environ)
