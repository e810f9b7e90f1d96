"""What the network did in a month, for funders, referrers and sites: no count of few people."""

from datetime import datetime

from chassis.db import Transaction
from kernel.period import Month, business_date
from services.referrals.api import counting as api
from services.referrals.domain import counting
from services.referrals.handlers.showing import first_instant
from services.referrals.store import counting as rows
from services.referrals.store import network


def show_month(tx: Transaction, asked: Month | None, *, now: datetime) -> api.MonthlyCounts:
    """Show how many people were sent, taken in and came; the same to whoever asks.

    Two who were shown different things could put them together.
    """
    today = business_date(now)
    month = counting.month_of(asked, today=today)
    people = rows.count_people(
        tx, since=first_instant(month.first_on), before=first_instant(month.next().first_on)
    )
    least = rows.find_least(tx, on=today)
    site_codes = [row["site_code"] for row in network.list_sites(tx)]
    return api.MonthlyCounts(
        month=str(month),
        least_people=least,
        measures=[
            api.Measure(
                measure=each.measure,
                at_all_sites=each.at_all,
                sites=[
                    api.SiteCount(site_code=site_code, people=count)
                    for site_code, count in each.at_sites.items()
                ],
            )
            for each in counting.count_by_site(people, site_codes=site_codes, least=least)
        ],
    )
