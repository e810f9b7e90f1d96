"""Mails: filed in the transaction that gives the reason for them, sent after it has committed.

    mail.file(tx, Mail(to=..., subject=..., text=...), kind="referral_accepted",
              about=str(referral_id), now=call.now, mail_id=call.new_id())

Sending is three acts: the try is noted and committed, the server is asked, the outcome is noted.
A crash after the second sends the mail again, under the same Message-ID.  Address and words are
deleted once the mail has ended, whichever way.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.errors import HeaderParseError
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from uuid import UUID

from prometheus_client import Counter, Gauge

from chassis import clock, metrics, smtp
from chassis.backoff import pause_s
from chassis.db import Database, Transaction
from chassis.resources import DatabaseProvider
from chassis.settings import MailSettings
from chassis.timer import every

_log = logging.getLogger(__name__)
_SEND_S = 2.0
_FIRST_PAUSE_S, _PAUSE_S_MAX = 30.0, 6 * 3600.0

_mails = Counter(
    "relais_mails", "Mails by how a try ended", ["kind", "ending"], registry=metrics.registry
)
_waiting = Gauge("relais_mails_waiting", "Mails filed and not ended", registry=metrics.registry)

_FILE = """
INSERT INTO mail (mail_id, kind, about, to_address, content, filed_at, try_at)
VALUES (%(mail_id)s, %(kind)s, %(about)s, %(to_address)s, %(content)s, %(now)s, %(now)s)
"""
_WITHDRAW = """
UPDATE mail
   SET state = 'withdrawn', ended_at = %(now)s, to_address = NULL, content = NULL
 WHERE about = ANY(%(about)s) AND state = 'waiting'
"""
# A try is noted before it is made: whoever dies in it leaves the mail to the next try.
_TAKE_DUE = """
UPDATE mail
   SET tries = tries + 1, try_at = %(now)s + %(pause)s
 WHERE mail_id IN (SELECT mail_id
                     FROM mail
                    WHERE state = 'waiting' AND try_at <= %(now)s
                    ORDER BY try_at
                    LIMIT %(limit)s
                      FOR UPDATE SKIP LOCKED)
RETURNING mail_id, kind, content, tries
"""
_END = """
UPDATE mail
   SET state = %(state)s, ended_at = %(now)s, trouble = %(trouble)s, to_address = NULL,
       content = NULL
 WHERE mail_id = %(mail_id)s AND state = 'waiting'
"""
_PUT_OFF = """
UPDATE mail
   SET try_at = %(try_at)s, trouble = %(trouble)s
 WHERE mail_id = %(mail_id)s AND state = 'waiting'
"""
_COUNT = "SELECT count(*) AS waiting FROM mail WHERE state = 'waiting'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail; `type` is its media type."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What somebody is written; a `to` that is no address is a ValueError when it is filed."""

    to: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    mail_id: UUID
    kind: str
    content: bytes
    tries: int


def file(
    tx: Transaction, mail: Mail, *, kind: str, about: str, now: datetime, mail_id: UUID
) -> None:
    """Leave a mail to be sent once this transaction has committed."""
    values = {
        "mail_id": mail_id,
        "kind": kind,
        "about": about,
        "to_address": mail.to,
        "content": _written(mail),
        "now": now,
    }
    tx.execute(_FILE, values)


def withdraw(tx: Transaction, about: Sequence[str], *, now: datetime) -> int:
    """Take back what waits about these things; say how many mails that was."""
    return tx.execute(_WITHDRAW, {"about": list(about), "now": now}).rowcount


class Postman:
    """Sends what was filed: a part of every service that writes mails."""

    database: DatabaseProvider

    @every(_SEND_S)
    def send_mails(self, tx: Transaction) -> None:
        """Send what is due; the timer's own transaction only counts what waits."""
        send_due(self.database, settings=_settings())
        row = tx.execute(_COUNT).fetchone()
        _waiting.set(row["waiting"] if row else 0)


@cache
def _settings() -> MailSettings:
    return MailSettings()


def send_due(database: Database, *, settings: MailSettings) -> int:
    """Send the mails that are due, over one conversation; say how many the server took."""
    with database.transaction() as tx:
        due = _take_due(tx, settings=settings)
    if not due:
        return 0
    sent = 0
    address = smtp.Address.parse(settings.smtp_url.get_secret_value())
    try:
        with smtp.connected(address, seconds_max=settings.smtp_seconds_max) as line:
            for each in due:
                sent += _send(database, line, each, settings=settings)
    except smtp.NotNow as away:
        _log.warning("mail server is away", extra={"reason": str(away)})
        for each in due:
            _try_again(database, each, trouble=str(away), settings=settings)
    return sent


def _take_due(tx: Transaction, *, settings: MailSettings) -> list[_Due]:
    values = {
        "now": clock.now(),
        "pause": timedelta(seconds=_FIRST_PAUSE_S),
        "limit": settings.mail_batch_count_max,
    }
    return [_Due(**row) for row in tx.execute(_TAKE_DUE, values)]


def _send(database: Database, line: smtp.Line, due: _Due, *, settings: MailSettings) -> bool:
    try:
        line.send(_addressed(due, settings=settings))
    except smtp.Never as refused:
        _end(database, due, state="failed", trouble=str(refused))
    except smtp.NotNow as trouble:
        _try_again(database, due, trouble=str(trouble), settings=settings)
    else:
        _end(database, due, state="sent", trouble="")
        return True
    return False


def _end(database: Database, due: _Due, *, state: str, trouble: str) -> None:
    values = {"mail_id": due.mail_id, "state": state, "now": clock.now(), "trouble": trouble}
    with database.transaction() as tx:
        tx.execute(_END, values)
    _mails.labels(due.kind, state).inc()
    if state == "failed":
        _log.error("mail given up", extra={"mail_id": str(due.mail_id), "reason": trouble})


def _try_again(database: Database, due: _Due, *, trouble: str, settings: MailSettings) -> None:
    if due.tries >= settings.mail_tries_max:
        return _end(database, due, state="failed", trouble=trouble)
    pause = pause_s(due.tries, first_s=_FIRST_PAUSE_S, cap_s=_PAUSE_S_MAX)
    try_at = clock.now() + timedelta(seconds=pause)
    with database.transaction() as tx:
        tx.execute(_PUT_OFF, {"mail_id": due.mail_id, "try_at": try_at, "trouble": trouble})
    _mails.labels(due.kind, "put_off").inc()


def _written(mail: Mail) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["To"] = _address(mail.to)
    message["Subject"] = mail.subject
    # A machine wrote it: no absence notice shall answer (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    for each in mail.attachments:
        main, _, sub = each.type.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    return message.as_bytes()


def _address(text: str) -> MailAddress:
    try:
        address = MailAddress(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ValueError("this is no mail address") from error
    if not address.username or not address.domain:
        raise ValueError("this is no mail address")
    return address


def _addressed(due: _Due, *, settings: MailSettings) -> EmailMessage:
    message = message_from_bytes(due.content, policy=SMTP)
    message["From"] = settings.mail_from
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{due.mail_id}@{settings.mail_domain}>"
    return message
