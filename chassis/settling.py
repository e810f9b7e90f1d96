"""A person settles a parked delivery: sends it to its handler again, or gives it up.

The row stays locked until the broker has the message: two people replay it once, and a delivery
that fails again is parked again, after this one is settled.
"""

import logging
from typing import Any, Literal

from chassis import parking
from chassis.broker import Broker, BrokerAway, Outcome, Outgoing
from chassis.db import Transaction
from kernel.refusal import NotFound, Refusal, Unavailable

_log = logging.getLogger(__name__)


class DeliveryUnknown(NotFound):
    """No delivery is parked under this number."""

    code = "relais.parked.unknown"


class AlreadySettled(Refusal):
    """This delivery has been settled already, by {who}."""

    code = "relais.parked.settled"


class QueueGone(Refusal):
    """There is no queue {queue} any more: the delivery stays parked."""

    code = "relais.parked.queue_gone"


class BrokerSilent(Unavailable):
    """The broker takes nothing for {queue} now: the delivery stays parked. Try again later."""

    code = "relais.parked.broker_silent"


def replay(tx: Transaction, parked_id: int, *, amqp_url: str, who: str, why: str) -> dict[str, Any]:
    """Send a delivery to its handler again; the inbox sees to it that nothing is done twice."""
    row = _lock(tx, parked_id)
    _send(row, amqp_url=amqp_url)
    return _settle(tx, row, state="replayed", who=who, why=why)


def discard(tx: Transaction, parked_id: int, *, who: str, why: str) -> dict[str, Any]:
    """Give a delivery up; the row stays, with who did it and why."""
    return _settle(tx, _lock(tx, parked_id), state="discarded", who=who, why=why)


def _lock(tx: Transaction, parked_id: int) -> dict[str, Any]:
    row = parking.lock(tx, parked_id)
    if row is None:
        raise DeliveryUnknown()
    if row["state"] != "parked":
        raise AlreadySettled(
            state=row["state"], who=row["settled_by"], at=row["settled_at"], why=row["settled_why"]
        )
    return row


def _send(row: dict[str, Any], *, amqp_url: str) -> None:
    message = Outgoing(
        exchange="",
        routing_key=row["consumer"],
        body=bytes(row["body"]),
        message_id=str(row["event_id"] or ""),
        mandatory=True,
    )
    try:
        with Broker(amqp_url, name="relais parked") as broker:
            outcome = broker.publish([message])[0]
            broker.check()
    except BrokerAway as away:
        raise BrokerSilent(queue=row["consumer"]) from away
    if outcome is Outcome.RETURNED:
        raise QueueGone(queue=row["consumer"])
    if outcome is not Outcome.CONFIRMED:
        raise BrokerSilent(queue=row["consumer"])


def _settle(
    tx: Transaction,
    row: dict[str, Any],
    *,
    state: Literal["replayed", "discarded"],
    who: str,
    why: str,
) -> dict[str, Any]:
    parking.settle(tx, row["parked_id"], state=state, who=who, why=why)
    settled = parking.lock(tx, row["parked_id"])
    assert settled is not None  # noqa: S101  # it is locked by us
    _log.info(
        "parked delivery settled",
        extra={"parked_id": row["parked_id"], "consumer": row["consumer"], "state": state},
    )
    return settled
