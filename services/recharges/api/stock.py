"""What is asked and answered about stock: counts, batches, changes, alerts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from chassis.http import Answer, Body, Page, Parameters
from services.recharges.api.selling import Code
from services.recharges.domain.batch import BatchState

Why = Annotated[str, Field(min_length=3, max_length=500)]
Serial = Annotated[str, Field(min_length=1, max_length=40)]


class SiteAsked(Parameters):
    """Which site."""

    site_code: Code


class StockShown(Answer):
    """The vouchers of one offer at a site, by state; the states add up to what was received.

    What was received at a site is what was delivered there, and what arrived from other sites.
    """

    offer_code: str
    received: int
    quarantined: int
    available: int
    reserved: int
    leased: int
    in_transfer: int
    frozen: int
    damaged: int
    lost: int
    expired: int
    sold: int
    disputed: int
    refunded_by_operator: int
    soonest_use_by: date | None
    #: On hand over the daily pace of the last 28 days; null when nothing was sold.
    days_of_cover: float | None


class AlertShown(Answer):
    """What a site is warned of; `vouchers` were left when it was."""

    offer_code: str
    kind: Literal["cover", "use_by_60", "use_by_30", "use_by_7"]
    use_by: date | None
    vouchers: int
    raised_at: datetime


class BatchesAsked(Page[UUID]):
    """Which of a site's batches, after which, and how many."""

    site_code: Code
    state: BatchState | None = None


class BatchShown(Answer):
    """A delivery, as it stands."""

    batch_id: UUID
    operator: str
    batch_code: str
    site_code: str
    state: BatchState
    vouchers: int
    face_value_cents: int
    received_at: datetime
    received_by: UUID | None


class VouchersCounted(Answer):
    """How many vouchers of an offer at a site are in a state."""

    site_code: str
    offer_code: str
    state: str
    count: int


class StockMoved(Answer):
    """One change of vouchers of a batch."""

    what: str
    why: str
    site_code: str
    offer_code: str
    vouchers: int
    moved_at: datetime
    moved_by: UUID | None


class BatchAccount(BatchShown):
    """Where every voucher of a batch is: the counts add up to `vouchers`."""

    conserved: bool
    counts: Sequence[VouchersCounted]
    moves: Sequence[StockMoved]


class Nothing(Body):
    """Nothing more is needed."""


class Reason(Body):
    """Why it is done."""

    reason: Why


class BatchChanged(Answer):
    """A batch after a change of state, and how many vouchers went along."""

    batch_id: UUID
    state: BatchState
    vouchers: int


class ChangeVouchers(Body):
    """Vouchers set aside in doubt, damaged, lost or found again: by serials, or so many of them."""

    site_code: Code
    offer_code: Code
    change: Literal["quarantined", "damaged", "lost", "found"]
    reason: Why
    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=500)] | None = None
    count: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.serials is None) == (self.count is None):
            raise ValueError("Give either the serials or the number of vouchers.")
        return self


class VouchersChanged(Answer):
    """How many vouchers were changed."""

    change: str
    vouchers: int
