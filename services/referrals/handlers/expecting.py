"""Who is likely to come to a site: what its tills take along for when the line is cut."""

from datetime import datetime

from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals.api import expecting as api
from services.referrals.store import SQL

#: As many as one lease sets cap aside for.
_PEOPLE_MAX = 200


def list_expected(
    tx: Transaction, site_code: str, *, caller: Caller, now: datetime
) -> list[api.Expected]:
    """List who was taken in at a site and may buy today, those who were there last first.

    Nobody's identity is read, so no access to it is noted: a till asks several times an hour.
    """
    caller.require_site(site_code)
    rows = tx.execute(
        SQL["list_expected"],
        {"site_code": site_code, "today": business_date(now), "limit": _PEOPLE_MAX},
    )
    return [api.Expected(**row) for row in rows]
