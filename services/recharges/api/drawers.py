"""What drawer sessions are asked and answered with."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from chassis.http import Answer, Body, Page, Parameters
from services.recharges.api.selling import Amount
from services.recharges.domain.drawer import DENOMINATIONS

_KNOWN = {str(denomination) for denomination in DENOMINATIONS}


def _in_euros(counted: dict[str, int]) -> dict[str, int]:
    if not counted.keys() <= _KNOWN:
        raise ValueError(
            "Cash is counted in the coins and notes of the euro, each named by its cents."
        )
    return counted


#: How many coins or notes of each denomination, named by its cents: `{"2000": 3}`.
Pieces = Annotated[
    dict[str, Annotated[int, Field(ge=0, le=100_000, strict=True)]], AfterValidator(_in_euros)
]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
#: Where cash comes from or goes to: the site's safe, the bank, or something paid for.
Purpose = Literal["safe", "bank", "expense"]
SessionState = Literal["open", "counted", "closed"]


class OpenDrawer(Body):
    """The float, counted before the first sale."""

    pieces: Annotated[Pieces, Field(alias="float")]


class DrawerOpened(Answer):
    """A drawer session that is open."""

    drawer_session_id: UUID
    till_id: UUID
    business_date: date
    float_cents: int
    opened_at: datetime


class MoveCash(Body):
    """Cash put into a drawer or taken out, other than by a sale."""

    kind: Literal["in", "out"]
    amount_cents: Annotated[Amount, Field(ge=1)]
    purpose: Purpose = "safe"
    reason: Reason


class CashMoved(Answer):
    """A movement as it was booked; what was taken out is below zero."""

    kind: Literal["in", "out"]
    amount_cents: int
    purpose: Purpose
    reason: str
    recorded_at: datetime
    recorded_by: UUID


class HandOver(Body):
    """The drawer goes to another person, counted."""

    to_user: UUID
    counted: Pieces


class HandedOver(Answer):
    """Who holds the drawer from now on; what it should have held is told to a supervisor only.

    Who has yet to count it at the end of the day would have something to aim at.
    """

    handover_id: UUID
    held_by: UUID
    counted_cents: int
    expected_cents: int | None
    gap_cents: int | None


class CloseDrawer(Body):
    """What was found in the drawer, counted without knowing what should be there."""

    counted: Pieces


class ApproveDrawer(Body):
    """Why a second person accepts the gap."""

    reason: Reason


class DrawerCounted(Answer):
    """A count, and what it was held against."""

    drawer_session_id: UUID
    state: SessionState
    expected_cents: int
    counted_cents: int
    gap_cents: int
    #: The Z; null as long as the session is not closed.
    closing_no: int | None
    closing_id: UUID | None
    #: Why it is not: its gap asks for a second person, or the journal is broken.
    waits_for: Literal["approval", "inspection"] | None


class HandoverShown(Answer):
    """The drawer went to another person; what it should have held is hidden until the count."""

    from_user: UUID
    to_user: UUID
    #: Who did it: the holder, or a supervisor in their stead; null where it was not kept.
    handed_by: UUID | None
    handed_at: datetime
    counted_cents: int
    expected_cents: int | None


class DrawerRead(Answer):
    """An X: the drawer as it stands; what must be in it is null for who has yet to count it."""

    drawer_session_id: UUID
    till_id: UUID
    business_date: date
    state: SessionState
    opened_at: datetime
    opened_by: UUID
    held_by: UUID
    float_cents: int
    movements: list[CashMoved]
    handovers: list[HandoverShown]
    expected_cents: int | None
    cash_sales_cents: int | None
    cash_refunds_cents: int | None
    card_sales_cents: int | None
    card_refunds_cents: int | None


class DrawerShown(Answer):
    """One session of a list, with its gap."""

    drawer_session_id: UUID
    till_id: UUID
    site_code: str
    business_date: date
    state: SessionState
    opening: Literal["counted", "by_sale"]
    opened_at: datetime
    opened_by: UUID
    held_by: UUID
    float_cents: int
    expected_cents: int | None
    counted_cents: int | None
    gap_cents: int | None
    counted_by: UUID | None
    closed_at: datetime | None
    approved_by: UUID | None
    approved_at: datetime | None
    reason: str | None


class DrawersOf(Page[UUID]):
    """Which sessions are asked for: of a site, of days (until is exclusive)."""

    site_code: Annotated[str, Field(min_length=1, max_length=40)]
    from_on: Annotated[date | None, Field(alias="from")] = None
    until_on: Annotated[date | None, Field(alias="until")] = None


class Paper(Parameters):
    """What a report is printed as."""

    format: Literal["html", "pdf", "escpos"] = "html"
