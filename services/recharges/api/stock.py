"""What is asked and answered about stock."""

from datetime import date

from chassis.http import Answer


class StockShown(Answer):
    """The vouchers of one offer at a site, by state; the states add up to what was received."""

    offer_code: str
    received: int
    available: int
    sold: int
    expired: int
    soonest_use_by: date | None
    #: Available over the daily pace of the last 28 days; null when nothing was sold.
    days_of_cover: float | None
