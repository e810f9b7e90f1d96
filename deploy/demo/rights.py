"""One person of the day asks what the network holds on them, reads it, and asks to be forgotten."""

import time
from typing import TYPE_CHECKING, Any

from deploy.demo.client import HEARD_WITHIN_S

if TYPE_CHECKING:
    from deploy.demo.day import Day

#: Where the person came.
SITE = "saint-denis"
_LOOK_S = 0.1
# The case is closed; that may still be on its way.
_CLOSING_UNHEARD = ("referrals.erasure.case_open",)


def show_and_forget(day: "Day") -> None:
    """Export and erase whoever came last to one site; their name stays in nobody's rows."""
    person_ref = day.person_at(SITE, place=-1)
    manager = day.as_("site_manager", site_code=SITE)
    path = f"referrals/v1/people/{person_ref}"
    export = _await_export(manager, f"{path}/export")
    day.done["rows shown to a person"] = sum(
        len(rows) for held in export["services"].values() for rows in held.values()
    )
    manager.post(
        f"{path}/erasure",
        {"reason": "asked_by_person"},
        key=f"demo-{day.number}-erasure",
        until_heard=_CLOSING_UNHEARD,
    )
    day.done["people forgotten"] += 1


def _await_export(manager: Any, path: str) -> Any:
    deadline = time.monotonic() + HEARD_WITHIN_S
    while (export := manager.get(path))["state"] != "ready":
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing of {', '.join(export['missing'])} in time")
        time.sleep(_LOOK_S)
    return export
