"""The same command sent again gets the same answer; another command under its key is refused."""

import hashlib
import re
from collections.abc import Collection, Sequence
from uuid import UUID

from chassis.auth import ADMIN, Caller, RoleNotAllowed
from chassis.db import Transaction
from kernel.refusal import Invalid, Refusal

#: Where administrators work.
EVERYWHERE = "*"
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class KeyMissing(Invalid):
    """A command that changes something needs an Idempotency-Key header of 1 to 200 characters."""

    code = "idempotency.key_missing"


class KeyReused(Refusal):
    """This Idempotency-Key was used for another request. Take a new key for a new request."""

    code = "idempotency.key_reused"


class AnswerErased(Refusal):
    """The answer to this request was erased with the data of the person it was about."""

    code = "idempotency.answer_erased"


def key_from(header: str | None) -> str:
    """Read the header; refuse a missing one and one that is not 1 to 200 visible characters."""
    if header is None or not _KEY.fullmatch(header):
        raise KeyMissing()
    return header


def request_hash(*parts: str | bytes) -> bytes:
    """Return what makes two requests the same: who asked what, of which route, with which body."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def claim(
    tx: Transaction, *, key: str, request_hash: bytes, caller: Caller
) -> tuple[int, str] | None:
    """Take the key for this transaction, or return the status and answer it got before.

    A second command with the same key waits here until the first one has committed or rolled back.
    Who no longer works where they did then gets no answer of then.
    """
    sites = [EVERYWHERE] if caller.role == ADMIN else sorted(caller.site_codes)
    taken = tx.execute(
        "INSERT INTO command_answer (key, request_hash, site_codes) VALUES (%s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (key, request_hash, sites),
    )
    if taken.rowcount == 1:
        return None
    known = tx.execute(
        "SELECT request_hash, status, answer::text, site_codes FROM command_answer WHERE key = %s",
        (key,),
    ).fetchone()
    if known is None or known["request_hash"] != request_hash:
        raise KeyReused()
    _require_sites(caller, then=known["site_codes"] or ())
    if known["status"] is not None and known["answer"] is None:
        raise AnswerErased()  # a key that was taken and waits for its answer has neither
    return known["status"], known["answer"]


def _require_sites(caller: Caller, *, then: Sequence[str]) -> None:
    """Refuse whoever has left a site: which of them a kept answer is about, nobody knows here."""
    if caller.role == ADMIN:
        return
    if EVERYWHERE in then:
        raise RoleNotAllowed(role=caller.role, roles=(ADMIN,))
    for site_code in then:
        caller.require_site(site_code)


def keep(tx: Transaction, *, key: str, status: int, answer: str) -> None:
    """Remember the JSON answer beside the change it tells of, in the same transaction."""
    tx.execute(
        "UPDATE command_answer SET status = %s, answer = %s::json WHERE key = %s",
        (status, answer, key),
    )


def erase_answers(tx: Transaction, *, mentioning: Collection[UUID]) -> int:
    """Forget the answers in which one of these ids stands, for the words beside it.

    Reads every answer that is kept, which only the erasure of a person is worth.
    """
    if not mentioning:
        return 0
    return tx.execute(
        "UPDATE command_answer SET answer = NULL WHERE answer::text LIKE ANY (%s)",
        ([f"%{each}%" for each in mentioning],),
    ).rowcount
