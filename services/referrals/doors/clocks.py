"""What the calendar does, now and then."""

from prometheus_client import Gauge

from chassis import clock, metrics
from chassis.db import Transaction
from chassis.ids import new_id
from chassis.timer import every
from services.referrals.handlers import clocks

_CLOCK_S = 30.0
_REMIND_S = 300.0

_overdue = Gauge(
    "relais_referrals_overdue",
    "Referrals that a site should have answered by now",
    ["site"],
    registry=metrics.registry,
)


class Clocks:
    """Timers, each in a transaction of its own, in one process at a time."""

    @every(_CLOCK_S)
    def let_referrals_lapse(self, tx: Transaction) -> None:
        """Let referrals lapse that nobody answered in time."""
        clocks.let_referrals_lapse(tx, now=clock.now(), new_id=new_id)

    @every(_CLOCK_S)
    def end_entitlements(self, tx: Transaction) -> None:
        """Tell the end of entitlements that are over."""
        clocks.end_entitlements(tx, now=clock.now(), new_id=new_id)

    @every(_REMIND_S)
    def remind_of_ends(self, tx: Transaction) -> None:
        """Remind people and their referrers of entitlements that end soon."""
        clocks.remind_of_ends(tx, now=clock.now(), new_id=new_id)

    @every(_CLOCK_S)
    def count_overdue(self, tx: Transaction) -> None:
        """Show how many referrals each site should have answered by now."""
        counted = clocks.count_overdue(tx, now=clock.now())
        _overdue.clear()  # a site that has caught up has no line any more
        for site_code, overdue in counted.items():
            _overdue.labels(site_code).set(overdue)
