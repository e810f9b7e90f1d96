"""What Stripe tells by webhook: signed, lately, and of the shape that we read.

The shapes say no more than what is read of an event; what else it holds is Stripe's own affair.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kernel.refusal import Unreadable

#: Nothing of Stripe's happens later than this from now.
_AHEAD = timedelta(days=1)
#: What we keep or look up: a name or a code, not any text.
Word = Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,500}$")]
Second = Annotated[int, Field(ge=0)]
Amount = Annotated[int, Field(ge=0, le=10**12)]


class SignatureWrong(Unreadable):
    """This message does not carry the signature that it should."""

    code = "recharges.webhook.signature_wrong"


class EventUnreadable(Unreadable):
    """This event is signed, but it is not written as events are."""

    code = "recharges.webhook.event_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What Stripe told by a webhook whose signature holds."""

    event_id: str
    type: str
    created_at: datetime
    object: dict[str, Any]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Data(_Shape):
    object: dict[str, Any]


class _Event(_Shape):
    id: Word
    type: Word
    created: Second
    data: _Data


class _Object(_Shape):
    id: Word | None = None
    created: Second | None = None


class _PaymentError(_Shape):
    code: Word | None = None
    decline_code: Word | None = None


class _Payment(_Object):
    id: Word
    status: Word
    currency: Word
    client_secret: Word | None = None
    amount_received: Amount | None = None
    metadata: dict[str, str] | None = None
    last_payment_error: _PaymentError | None = None


class _Dispute(_Object):
    id: Word
    created: Second
    status: Word
    reason: Word
    amount: Annotated[Amount, Field(gt=0)]
    payment_intent: Word | None = None


def read_event(payload: bytes, *, now: datetime) -> Event:
    """Read a webhook whose signature holds, or refuse what is not written as events are."""
    try:
        event = _Event.model_validate(json.loads(payload))
        told = _shape_of(event.type).model_validate(event.data.object)
    except (ValidationError, ValueError, RecursionError) as error:
        raise EventUnreadable() from error
    if max(event.created, told.created or 0) > (now + _AHEAD).timestamp():
        raise EventUnreadable()
    return Event(
        event_id=event.id,
        type=event.type,
        created_at=datetime.fromtimestamp(event.created, UTC),
        object=event.data.object,
    )


def _shape_of(type_: str) -> type[_Object]:
    if type_.startswith("payment_intent."):
        return _Payment
    if type_.startswith("charge.dispute."):
        return _Dispute
    return _Object
