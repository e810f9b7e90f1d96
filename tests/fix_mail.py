"""A real mail server on loopback, which keeps what it takes and has bad days on demand."""

from asyncio import WriteTransport
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.fix_service import free_port

TAKEN = "250 taken"
#: The server takes the mail, and the line breaks before it can say so.
LOST = "250 lost"


@dataclass
class MailServer:
    """What it took, in order; `answers` are given one for each mail, before it takes all."""

    port: int
    taken: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to one address."""
        return [mail for mail in self.taken if mail["To"] == address]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return f"550 5.1.1 {address} is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else TAKEN
        if answer in (TAKEN, LOST):
            content = envelope.original_content or b""
            self.taken.append(message_from_bytes(content, policy=POLICY))
        if answer == LOST:
            cast(WriteTransport, server.transport).abort()
        return answer


class _Server(Controller):
    def close(self) -> None:
        self.stop(no_assert=True)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server of the test's own."""
    handler = MailServer(port=free_port())
    with closing(_Server(handler, hostname="127.0.0.1", port=handler.port)) as server:
        server.start()
        yield handler
