"""What the network does, in numbers that point at nobody."""

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from kernel.period import Month
from services.referrals.api import counting as api
from services.referrals.doors import MANAGERS
from services.referrals.handlers import counting


class CountingDoors:
    """Counts of people by month."""

    @http.query(
        "GET",
        "/v1/monthly-counts",
        query=api.CountedMonth,
        answer=api.MonthlyCounts,
        allow=(*MANAGERS, "operator_partner", "referrer"),
    )
    def show_monthly_counts(
        self, tx: Transaction, call: Call, asked: api.CountedMonth
    ) -> api.MonthlyCounts:
        """Show how many people were sent, taken in and came in a month, small counts hidden."""
        month = None if asked.month is None else Month.parse(asked.month)
        return counting.show_month(tx, month, now=call.now)
