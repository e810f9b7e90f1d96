"""What is asked and answered about refunds."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Body, Page

Words = Annotated[str, Field(min_length=1, max_length=500)]
RefundState = Literal["asked", "granted", "done", "denied"]


class AskRefund(Body):
    """Why a sale is to be given back; without serials, all that is left of it."""

    reason: Words
    serials: Annotated[tuple[str, ...], Field(min_length=1, max_length=200)] | None = None


class AnswerRefund(Body):
    """The operator's word on vouchers whose PIN was seen: were they used?"""

    granted: bool
    why: Words


class PayOut(Body):
    """At which till the money is handed over."""

    till_id: UUID


class RefundShown(Answer):
    """A refund as it stands."""

    refund_id: UUID
    sale_id: UUID
    till_id: UUID
    site_code: str
    amount_cents: int
    tender: Literal["cash", "card"]
    #: What becomes of the vouchers: back in stock unseen, or taken back by their operator.
    vouchers: Literal["returned", "refunded_by_operator"]
    state: RefundState
    reason: str
    asked_at: datetime
    answered_at: datetime | None
    answer: str
    ticket_no: int | None
    done_at: datetime | None
    serials: list[str]


class RefundsAsked(Page[UUID]):
    """Which refunds to list, in the order in which they were asked for."""

    site_code: str | None = None
    state: RefundState | None = None
