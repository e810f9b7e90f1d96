"""The way to a mail server: `smtp://[user:password@]host[:port]`, or `smtps://` for TLS at once.

`?starttls=yes` asks for TLS after the greeting and sends nothing without it.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit


class NotNow(Exception):
    """The server did not take the mail, or did not say that it did: it is tried again later."""


class Never(Exception):
    """The server will not take this mail, however often it is tried (RFC 5321, 4.2.1: 5yz)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the server is, and who we are to it."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str
    password: str

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read SMTP_URL; a ValueError says what is wrong with it, never what it is."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL must be smtp://host[:port] or smtps://host[:port]")
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 25),
            tls=tls,
            starttls=parse_qs(parts.query).get("starttls") == ["yes"],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


class Line:
    """One conversation with the server, over which several mails may go."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, message: EmailMessage) -> None:
        """Hand one mail over; returning means that the server answers for it."""
        try:
            self._server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            self._after(max(codes, default=0), refused)
        except smtplib.SMTPResponseException as refused:
            self._after(refused.smtp_code, refused)
        except (smtplib.SMTPException, OSError) as error:
            raise NotNow(type(error).__name__) from error

    def _after(self, code: int, refused: smtplib.SMTPException) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self._server.rset()
        # The code alone: the server's words may repeat the address.
        raise (Never if 500 <= code < 600 else NotNow)(f"smtp {code}") from refused


@contextmanager
def connected(address: Address, *, seconds_max: float) -> Iterator[Line]:
    """Open a conversation; NotNow when the server is away or does not know us."""
    try:
        server = _open(address, seconds_max=seconds_max)
    except smtplib.SMTPResponseException as refused:
        raise NotNow(f"smtp {refused.smtp_code}") from refused
    except (smtplib.SMTPException, OSError) as error:
        raise NotNow(type(error).__name__) from error
    try:
        yield Line(server)
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()


def _open(address: Address, *, seconds_max: float) -> smtplib.SMTP:
    kind = smtplib.SMTP_SSL if address.tls else smtplib.SMTP
    server = kind(address.host, address.port, timeout=seconds_max)
    try:
        if address.starttls:
            server.starttls(context=ssl.create_default_context())
        if address.user:
            server.login(address.user, address.password)
    except BaseException:
        server.close()
        raise
    return server
