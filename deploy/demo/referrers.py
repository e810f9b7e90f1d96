"""The demonstration's referrers: what their structures signed, and whom they answer for."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deploy.demo.data.network import SELLING, SIRETS

if TYPE_CHECKING:
    from deploy.demo.day import Day

_UNHEARD = ("referrals.worker.unknown", "referrals.site.unknown")
#: A person at each site comes without a referral.
_WALK_INS = {
    "saint-denis": ("Anaïs", "Passiflore"),
    "paris-19": ("Yacine", "Romarin"),
    "marseille": ("Rosalie", "Tamaris"),
}


def sign_conventions(day: "Day") -> None:
    """Each site's manager writes down the house that refers to it, and who works there."""
    for site_code in SELLING:
        manager = day.as_("site_manager", site_code=site_code)
        user = day.user("referrer", site_code=site_code)
        referrer = day.as_("referrer", site_code=site_code)
        key = f"demo-house-{site_code}"
        body = {"name": user.structure, "kind": "ccas", "siret": SIRETS[site_code]}
        house = manager.post("referrals/v1/structures", body, key=key)
        path = f"referrals/v1/structures/{house['structure_id']}"
        today = day.book.today.isoformat()
        signed = {"reference": f"CONV-{site_code}", "from": today}
        manager.post(f"{path}/conventions", signed, key=f"{key}-convention")
        worker = {
            "user_id": referrer.get("referrals/v1/workers/me")["user_id"],
            "email": user.email,
            "trained_on": today,
        }
        manager.post(f"{path}/workers", worker, key=f"{key}-worker", until_heard=_UNHEARD)
        day.houses[site_code] = house["structure_id"]
        if day.number == 1:
            day.done["conventions signed"] += 1


def walk_in(day: "Day") -> None:
    """Somebody comes to each site by themselves; one of them waits for the confirmation."""
    for place, (site_code, (given_name, family_name)) in enumerate(_WALK_INS.items()):
        key = f"demo-{day.number}-walk-in-{site_code}"
        body = _entry(day, site_code, given_name=given_name, family_name=family_name)
        desk = day.as_("till_operator", site_code=site_code)
        entered = desk.post("referrals/v1/walk-ins", body, key=key, until_heard=_UNHEARD)
        day.done["walk-ins taken in"] += 1
        if place == 0:
            continue
        referrer = day.as_("referrer", site_code=site_code)
        path = f"referrals/v1/referrals/{entered['referral_id']}/confirm"
        referrer.post(path, {}, key=f"{key}-confirmed")
        day.done["walk-ins confirmed"] += 1


def _entry(day: "Day", site_code: str, *, given_name: str, family_name: str) -> dict[str, Any]:
    """Somebody of that name, another one on each day that is played."""
    born_on = day.book.today.replace(year=1984, day=1) - timedelta(days=day.number)
    return {
        "person": {
            "given_name": given_name,
            "family_name": family_name,
            "birth_date": born_on.isoformat(),
        },
        "situation": "budget",
        "needs": ["recharge"],
        "site_code": site_code,
        "entry": {
            "monthly_spend_cents": 2_000,
            "has_mobile": True,
            "has_computer": False,
            "has_internet": False,
        },
        "structure_id": day.houses[site_code],
    }
