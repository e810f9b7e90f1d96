"""People who are in the network twice, and twins who are not: merged, undone, told apart."""

from dataclasses import replace
from typing import TYPE_CHECKING

from deploy.demo.data.people import Person

if TYPE_CHECKING:
    from deploy.demo.day import Day

_HOME, _AWAY = "saint-denis", "paris-19"
#: Neither has a debt file nor takes a computer home.
_MISSPELLED, _TWIN = 3, 4


def tell_doubles(day: "Day", people: dict[int, Person]) -> None:
    """Somebody is referred to a second site with a slip of the pen; a twin is taken for them."""
    there = [place for place in day.persons if people[place].site_code == _HOME]
    manager = day.as_("site_manager", site_code=_AWAY)
    place = there[_MISSPELLED]
    known = people[place]
    slip = replace(known, family_name=f"{known.family_name}t", phone=None, email=None)
    double = _take_in(day, replace(slip, site_code=_AWAY), key=f"double-{place}")
    shown = manager.get(f"referrals/v1/people/{double}/duplicates")["duplicates"]
    likely = [each["person"]["person_ref"] for each in shown if each["likeness"] == "likely"]
    same = day.persons[place]
    # On a later day, their namesake of the day before is likely too.
    if same not in likely:
        raise AssertionError(f"{double} was taken for {likely}, not for {same}")
    manager.post(
        f"referrals/v1/people/{double}/merge",
        {"into": same},
        key=f"demo-{day.number}-merge-{place}",
    )
    day.done["people merged"] += 1
    place = there[_TWIN]
    twin = replace(people[place], given_name="Ombeline", email=None, site_code=_AWAY)
    person = _take_in(day, twin, key=f"twin-{place}")
    path, key = f"referrals/v1/people/{person}", f"demo-{day.number}-twin-{place}"
    manager.post(f"{path}/merge", {"into": day.persons[place]}, key=f"{key}-merged")
    manager.post(f"{path}/unmerge", {}, key=f"{key}-unmerged")
    manager.post(f"{path}/not-duplicates", {"other": day.persons[place]}, key=f"{key}-apart")
    day.done["merges undone"] += 1


def _take_in(day: "Day", person: Person, *, key: str) -> str:
    referrer = day.as_("referrer", site_code=person.site_code)
    site = day.as_("site_manager", site_code=person.site_code)
    key = f"demo-{day.number}-{key}"
    referral = referrer.post("referrals/v1/referrals", person.referral(), key=key)
    day.done["referrals submitted"] += 1
    path = f"referrals/v1/referrals/{referral['referral_id']}"
    accepted = site.post(f"{path}/accept", {}, key=f"{key}-yes")
    day.done["entitlements opened"] += 1
    person_ref: str = accepted["person_ref"]
    return person_ref
