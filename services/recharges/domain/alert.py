"""When a site is warned of its stock: once per crossing, and again only after it had passed.

cover       what is on sale lasts, at the pace of the last 28 days (or of as many as the offer is
            there, seven at least), for less than the operator takes to deliver; over once it lasts
            a day longer than that, so that a single sale or voucher given back at the limit does
            not warn again
use_by_60   vouchers that expire on a day 31 to 60 days ahead; over when none is left, or when they
            come nearer: use_by_30 (8 to 30 days), use_by_7 (7 days and less)
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

#: How far back the daily pace of sales is measured; where an offer is new, over its own days, which
#: are a week at least, so that its first busy day does not warn of anything.
PACE_DAYS, PACE_DAYS_MIN = 28, 7
_MARGIN_DAYS = 1
_BANDS = ((7, "use_by_7"), (30, "use_by_30"), (60, "use_by_60"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """What a site is warned of."""

    site_code: str
    offer_code: str
    kind: str
    use_by: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What a site has of an offer to sell, what it sold lately, how long a delivery takes."""

    site_code: str
    offer_code: str
    on_hand: int
    sold: int
    days: int = PACE_DAYS
    lead_time_days: int | None = None

    @property
    def cover_days(self) -> float | None:
        """How many days it lasts; None when nothing was sold."""
        return self.on_hand * self.days / self.sold if self.sold else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """How many vouchers of an offer at a site must be used by a day."""

    site_code: str
    offer_code: str
    use_by: date
    count: int


def due(
    supplies: Iterable[Supply],
    remainders: Iterable[Remainder],
    *,
    open_already: Collection[Crossing],
    on: date,
) -> dict[Crossing, int]:
    """Return what is to be warned of on a day, each with the vouchers left."""
    found: dict[Crossing, int] = {}
    for supply in supplies:
        crossing = Crossing(site_code=supply.site_code, offer_code=supply.offer_code, kind="cover")
        if _is_short(supply, warned=crossing in open_already):
            found[crossing] = supply.on_hand
    for each in remainders:
        kind = _band((each.use_by - on).days)
        if kind is not None and each.count > 0:
            crossing = Crossing(
                site_code=each.site_code,
                offer_code=each.offer_code,
                kind=kind,
                use_by=each.use_by,
            )
            found[crossing] = each.count
    return found


def _is_short(supply: Supply, *, warned: bool) -> bool:
    cover, lead = supply.cover_days, supply.lead_time_days
    if cover is None or lead is None:
        return False
    return cover < lead + (_MARGIN_DAYS if warned else 0)


def _band(days: int) -> str | None:
    if days < 0:
        return None
    return next((kind for days_max, kind in _BANDS if days <= days_max), None)
