"""What closings are asked and answered with."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Body, Page

PeriodName = Literal["day", "month", "year"]


class Close(Body):
    """Which period to close: a day once its drawer is closed, a month or a year once it is over."""

    period: PeriodName


class LateShown(Answer):
    """Tickets of a day that was over when the period began."""

    business_date: date
    count: int
    real_cents: int


class ClosingShown(Answer):
    """A closing: tickets from a sequence until another (exclusive), and totals since ever."""

    closing_id: UUID
    period: PeriodName
    period_on: date
    closing_no: int
    from_sequence: int
    until_sequence: int
    ticket_count: int
    sold_cents: int
    refunded_cents: int
    real_cents: int
    absolute_cents: int
    perpetual_real_cents: int
    perpetual_absolute_cents: int
    cash_cents: int
    card_cents: int
    late: list[LateShown]
    drawer_session_id: UUID | None
    closed_at: datetime
    closed_by: UUID | None


class BreakShown(Answer):
    """The record of a till's journal that is not what was sealed."""

    kind: str
    sequence: int


class Closed(Answer):
    """What was closed; nothing where the journal is broken, and the till is then frozen."""

    closings: list[ClosingShown]
    broken: list[BreakShown]


class ClosingsOf(Page[int]):
    """Which closings are asked for; `after` is the number of the last one seen."""

    period: Annotated[PeriodName, Field(description="day, month or year.")] = "day"
