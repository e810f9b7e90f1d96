"""How long things about people are kept: dated settings, like every figure that may change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kernel.period import PARIS, Month, add_months
from services.referrals.domain.rule import RuleMissing

NAMES = ("access_months", "retention_months", "retention_notice_days", "trace_months")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What is in force on one day."""

    on: date
    access_months: int
    retention_months: int
    retention_notice_days: int
    trace_months: int

    @property
    def stale_before(self) -> datetime:
        """Whoever was last in contact before this has notice of their erasure."""
        return _start(add_months(self.on, -self.retention_months))

    @property
    def erase_on(self) -> date:
        """When somebody who has notice today is erased."""
        return self.on + timedelta(days=self.retention_notice_days)

    @property
    def accesses_from(self) -> datetime:
        """The first instant of the oldest month whose accesses are kept."""
        return _start(Month.of(add_months(self.on, -self.access_months)).first_on)

    @property
    def traces_from(self) -> datetime:
        """Traces of erasures before this are dropped."""
        return _start(add_months(self.on, -self.trace_months))


def retention_of(values: Mapping[str, int], *, on: date) -> Retention:
    """Gather the values in force on a day; each must be there."""
    if missing := [name for name in NAMES if name not in values]:
        raise RuleMissing(f"no value on {on} for {', '.join(missing)}")
    return Retention(on=on, **{name: values[name] for name in NAMES})


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=PARIS)
