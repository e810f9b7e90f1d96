"""What is asked and answered about transfers between sites."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Body, Page
from services.recharges.api.selling import Code
from services.recharges.api.stock import Serial

TransferState = Literal["sent", "received", "cancelled"]


class TransferLine(Body):
    """So many vouchers of an offer."""

    offer_code: Code
    quantity: Annotated[int, Field(ge=1, le=100_000, strict=True)]


class SendVouchers(Body):
    """Vouchers to send to another site."""

    from_site: Code
    to_site: Code
    lines: Annotated[tuple[TransferLine, ...], Field(min_length=1, max_length=20)]


class ReceiveVouchers(Body):
    """What of a transfer did not arrive."""

    missing_serials: Annotated[tuple[Serial, ...], Field(max_length=5_000)] = ()


class TransfersAsked(Page[UUID]):
    """Which transfers from or to a site, after which, and how many."""

    site_code: Code
    state: TransferState | None = None


class TransferShown(Answer):
    """A transfer, as it stands."""

    transfer_id: UUID
    from_site: str
    to_site: str
    state: TransferState
    vouchers: int
    sent_at: datetime
    sent_by: UUID
    ended_at: datetime | None
    ended_by: UUID | None
    missing: int | None


class OfferSent(Answer):
    """The vouchers of one offer in a transfer, by serial, and those of them that are missing."""

    offer_code: str
    quantity: int
    serials: Sequence[str]
    missing_serials: Sequence[str]


class TransferContents(TransferShown):
    """A transfer with all it holds: what the receiver counts."""

    lines: Sequence[OfferSent]


class Shortage(Answer):
    """What of an offer did not arrive."""

    offer_code: str
    missing: int
    serials: Sequence[str]


class TransferReceived(Answer):
    """What of a transfer arrived, and what did not."""

    transfer_id: UUID
    state: TransferState
    arrived: int
    missing: int
    shortage: Sequence[Shortage]
