"""The demonstration's computers: one sold at each site, one of which comes back with a fault."""

from typing import TYPE_CHECKING

from chassis import clock
from deploy.demo.data.network import SELLING
from kernel.period import business_date

if TYPE_CHECKING:
    from deploy.demo.day import Day

_UNHEARD = ("equipment.entitlement.unknown",)


def sell(day: "Day") -> None:
    """A refurbished computer is sold to somebody who asked for one; the last comes back."""
    sold = None
    for site_code in SELLING:
        seller = day.as_("till_operator", site_code=site_code)
        ready = seller.get(f"equipment/v1/devices?site_code={site_code}&state=ready&kind=laptop")
        wanted = [
            person_ref
            for place, person_ref in day.persons.items()
            if day.made.people[place].site_code == site_code
        ]
        if not ready or not wanted:
            continue
        path = f"equipment/v1/devices/{ready[0]['device_id']}"
        body = {
            "person_ref": wanted[0],
            "site_code": site_code,
            "tendered_cents": 10_000,
            "tender": "cash",
        }
        sale = seller.post(f"{path}/sales", body, until_heard=_UNHEARD)
        sold = seller, path
        day.done["computers sold"] += 1
        day.cents["computers, cash taken"] += sale["price_cents"]
    if sold is not None:
        seller, path = sold
        fault = {
            "opened_on": business_date(clock.now()).isoformat(),
            "fault": "La charnière de l'écran est dure.",
        }
        seller.post(f"{path}/repairs", fault)
        day.done["repairs taken in"] += 1
