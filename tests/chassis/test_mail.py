"""Mails: filed with their reason, sent once the server answers for them, and then forgotten."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from chassis import mail
from chassis.db import Database
from chassis.mail import Attachment, Mail
from chassis.settings import MailSettings
from chassis.smtp import Address
from tests.fix_mail import LOST, MailServer
from tests.fix_service import SIGNING_KEY
from tests.fix_stack import FreshSchema, Schema

TO = "agnes@ccas.invalid"
LONG_AGO = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class Office:
    """A service that writes mails, and its postman."""

    def __init__(self, schema: Schema, *, url: str, tries_max: int = 15) -> None:
        self.settings = MailSettings(
            database_url=schema.url,
            amqp_url="amqp://127.0.0.1:9",
            relais_verify_key=SIGNING_KEY,
            smtp_url=url,
            mail_tries_max=tries_max,
            smtp_seconds_max=5.0,
        )
        self.database = Database(schema.url, schema="referrals", settings=self.settings)
        self._admin_url = schema.admin_url

    def file(self, to: str = TO, *, about: str = "referral-1", **more: Any) -> None:
        letter = Mail(to=to, subject="Votre orientation", text="Acceptée.\n", **more)
        with self.database.transaction() as tx:
            mail.file(tx, letter, kind="accepted", about=about, now=LONG_AGO, mail_id=uuid4())

    def send(self) -> int:
        return mail.send_due(self.database, settings=self.settings)

    def rows(self) -> list[dict[str, Any]]:
        with psycopg.connect(self._admin_url, row_factory=dict_row) as admin:
            return admin.execute("SELECT * FROM referrals.mail ORDER BY mail_id").fetchall()

    def row(self) -> dict[str, Any]:
        (row,) = self.rows()
        return row

    def make_due(self) -> None:
        with psycopg.connect(self._admin_url) as admin:
            admin.execute("UPDATE referrals.mail SET try_at = %s", (LONG_AGO,))

    def empty(self) -> None:
        with psycopg.connect(self._admin_url) as admin:
            admin.execute("DELETE FROM referrals.mail")


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("referrals")


@pytest.fixture
def open_office(schema: Schema, mail_server: MailServer) -> Iterator[Callable[..., Office]]:
    """Opens offices and closes them: a pool left behind ends where the collector finds it."""
    with ExitStack() as opened:

        def open_one(*, url: str = mail_server.url, **more: Any) -> Office:
            made = Office(schema, url=url, **more)
            opened.callback(made.database.close)
            opened.callback(made.empty)
            return made

        yield open_one


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    return open_office()


class TestSending:
    def test_hands_over_what_was_filed_and_forgets_the_words(
        self, office: Office, mail_server: MailServer
    ) -> None:
        pdf = Attachment(name="bon.pdf", type="application/pdf", content=b"%PDF-fictif")
        office.file(attachments=(pdf,))

        assert office.send() == 1

        (taken,) = mail_server.to(TO)
        row = office.row()
        assert taken["Subject"] == "Votre orientation"
        assert taken["From"] == "Relais <ne-pas-repondre@relais.invalid>"
        assert taken["Message-ID"] == f"<{row['mail_id']}@relais.invalid>"
        assert taken["Auto-Submitted"] == "auto-generated"
        body = taken.get_body(("plain",))
        assert body is not None
        assert body.get_content().strip() == "Acceptée."
        assert [each.get_content() for each in taken.iter_attachments()] == [b"%PDF-fictif"]
        assert (row["state"], row["to_address"], row["content"]) == ("sent", None, None)
        assert office.send() == 0

    def test_sends_nothing_of_a_transaction_that_failed(
        self, office: Office, mail_server: MailServer
    ) -> None:
        letter = Mail(to=TO, subject="Votre orientation", text="Acceptée.")
        with office.database.transaction() as tx, tx.transaction(force_rollback=True):
            mail.file(tx, letter, kind="accepted", about="r", now=LONG_AGO, mail_id=uuid4())

        assert (office.send(), mail_server.taken) == (0, [])

    def test_tries_again_later_what_the_server_puts_off(
        self, office: Office, mail_server: MailServer
    ) -> None:
        mail_server.answers = ["451 4.3.0 not now"]
        office.file()
        office.file(to="bruno@ccas.invalid")

        assert office.send() == 1
        waiting = next(row for row in office.rows() if row["state"] == "waiting")
        assert (waiting["trouble"], waiting["tries"]) == ("smtp 451", 1)
        assert waiting["try_at"] > datetime.now(UTC) + timedelta(seconds=10)
        assert office.send() == 0
        office.make_due()
        assert office.send() == 1
        assert len(mail_server.taken) == 2

    def test_waits_for_a_server_that_is_away(self, open_office: Callable[..., Office]) -> None:
        away = open_office(url="smtp://127.0.0.1:9")
        away.file()

        assert away.send() == 0
        assert (away.row()["state"], away.row()["trouble"]) == ("waiting", "ConnectionRefusedError")

        away.make_due()
        assert open_office().send() == 1

    def test_gives_up_an_address_that_is_unknown_without_keeping_it(
        self, office: Office, mail_server: MailServer
    ) -> None:
        mail_server.unknown = {TO}
        office.file()
        office.file(to="bruno@ccas.invalid")

        assert office.send() == 1

        failed = next(row for row in office.rows() if row["state"] == "failed")
        assert failed["trouble"] == "smtp 550"
        assert TO not in str(failed)

    def test_gives_up_after_so_many_tries(
        self, open_office: Callable[..., Office], mail_server: MailServer
    ) -> None:
        office = open_office(tries_max=2)
        mail_server.answers = ["451 no", "451 no", "451 no"]
        office.file()

        office.send()
        office.make_due()
        office.send()

        assert (office.row()["state"], office.row()["tries"]) == ("failed", 2)

    def test_sends_again_under_the_same_id_when_the_answer_was_lost(
        self, office: Office, mail_server: MailServer
    ) -> None:
        mail_server.answers = [LOST]
        office.file()

        assert office.send() == 0
        office.make_due()
        assert office.send() == 1

        first, again = mail_server.taken
        assert first["Message-ID"] == again["Message-ID"]

    def test_leaves_a_try_that_was_cut_short_to_the_next(
        self, office: Office, mail_server: MailServer
    ) -> None:
        office.file()
        with office.database.transaction() as tx:  # as far as a process that is killed gets
            assert len(mail._take_due(tx, settings=office.settings)) == 1

        assert office.send() == 0
        office.make_due()
        assert (office.send(), office.row()["tries"]) == (1, 2)

    def test_is_shared_by_postmen_without_doing_it_twice(
        self, office: Office, open_office: Callable[..., Office]
    ) -> None:
        for number in range(10):
            office.file(to=f"p{number}@ccas.invalid")
        with office.database.transaction() as tx:
            taken = mail._take_due(tx, settings=office.settings)
            assert (len(taken), open_office().send()) == (10, 0)


class TestFiling:
    @pytest.mark.parametrize(
        "to", ["agnes", "", "a@b.invalid\r\nBcc: c@d.invalid", "<a@b.invalid>"]
    )
    def test_refuses_what_is_no_address(self, office: Office, to: str) -> None:
        with pytest.raises(ValueError, match="no mail address"):
            office.file(to=to)

    def test_refuses_a_subject_that_would_be_a_header(self, office: Office) -> None:
        letter = Mail(to=TO, subject="Bon\r\nBcc: c@d.invalid", text=".")
        with pytest.raises(ValueError, match="linefeed"), office.database.transaction() as tx:
            mail.file(tx, letter, kind="k", about="a", now=LONG_AGO, mail_id=uuid4())

    def test_is_taken_back_while_it_waits(self, office: Office, mail_server: MailServer) -> None:
        office.file(about="gone")
        office.file(about="stays")
        with office.database.transaction() as tx:
            assert mail.withdraw(tx, ["gone"], now=datetime.now(UTC)) == 1

        assert office.send() == 1

        gone = next(row for row in office.rows() if row["about"] == "gone")
        assert (gone["state"], gone["to_address"], gone["content"]) == ("withdrawn", None, None)


class TestAddress:
    def test_is_read_with_its_port_user_and_tls(self) -> None:
        read = Address.parse("smtps://me%40x:p%3Aw@mail.invalid")
        assert (read.host, read.port, read.tls, read.user, read.password) == (
            "mail.invalid",
            465,
            True,
            "me@x",
            "p:w",
        )
        assert Address.parse("smtp://mail.invalid:587?starttls=yes").starttls

    @pytest.mark.parametrize("url", ["mail.invalid", "http://mail.invalid", "smtp://"])
    def test_is_refused_without_its_words(self, url: str) -> None:
        with pytest.raises(ValueError, match="SMTP_URL must be"):
            Address.parse(url)
