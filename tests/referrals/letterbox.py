"""What was filed to be mailed, read as a mail server would."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from tests.referrals.build import Tx


def filed(tx: Tx) -> list[tuple[str, EmailMessage]]:
    """Kind and mail of each, in the order in which they were filed."""
    rows = tx.execute("SELECT kind, content FROM mail ORDER BY filed_at, mail_id")
    return [(row["kind"], message_from_bytes(row["content"], policy=SMTP)) for row in rows]


def kinds(tx: Tx) -> list[str]:
    return [kind for kind, _ in filed(tx)]


def count(tx: Tx) -> int:
    """How many were ever filed, those that were withdrawn too."""
    row = tx.execute("SELECT count(*) AS filed FROM mail").fetchone()
    return 0 if row is None else int(row["filed"])


def words(mail: EmailMessage) -> str:
    """Subject and body in one line."""
    return " ".join(f"{mail['Subject']} {mail.get_content()}".split())
