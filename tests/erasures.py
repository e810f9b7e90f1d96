"""Erasures as referrals tells them, for the tests of every service that hears of them."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from chassis import personal
from chassis.db import Transaction
from kernel.envelope import Envelope


def forget(tx: Transaction, *person_refs: UUID, service: str) -> dict[str, int]:
    """Let a service hear that a person was erased; return what its receipt says."""
    now = datetime.now(UTC)
    told = Envelope(
        id=uuid4(),
        type=personal.PersonErased.TYPE,
        subject=str(person_refs[0]),
        site="network",
        time=now,
        data={"erasure_id": str(uuid4()), "person_refs": [str(each) for each in person_refs]},
    )
    personal.forget_people(tx, [told], service=service, now=now)
    receipt = tx.execute("SELECT data FROM outbox ORDER BY position DESC LIMIT 1").fetchone()
    assert receipt is not None
    counts: dict[str, int] = receipt["data"]["counts"]
    return counts
