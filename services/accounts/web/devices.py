"""The devices of tills: which till has one, enrolling another, and ending what one may do."""

from collections.abc import Mapping, Sequence

from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from services.accounts.api import SiteCode
from services.accounts.api import devices as api
from services.accounts.doors import MANAGERS
from services.accounts.handlers import devices, sites

_LISTED_MAX = 200


class SiteQuery(Parameters):
    """Which site's tills are looked at."""

    site: SiteCode | None = None


class SiteChosen(Parameters):
    """Of which site the tills are listed."""

    site: SiteCode


class DevicePages:
    """The tills of a site and their devices."""

    @page("/pilotage/appareils", allow=MANAGERS, query=SiteQuery)
    def show_devices(self, tx: Transaction, call: Call, query: SiteQuery) -> View:
        """Show the tills of a site, and enrol devices for them."""
        names = sites.site_names(tx, seen_by=call.caller)
        chosen = query.site or next(iter(names), "")
        return View(
            "devices.html",
            sites=names,
            site_code=chosen,
            tills=_tills(tx, call, site_code=chosen) if chosen else {},
        )

    @page("/pilotage/appareils/liste", allow=MANAGERS, query=SiteChosen)
    def show_device_list(self, tx: Transaction, call: Call, query: SiteChosen) -> View:
        """Show the tills of a site as they are now."""
        tills = _tills(tx, call, site_code=query.site)
        return View("devices_list.html", site_code=query.site, tills=tills)


def _tills(tx: Transaction, call: Call, *, site_code: str) -> Mapping[str, Sequence[api.Device]]:
    """Each till with its devices, the newest first."""
    page_of = api.DevicePage(site_code=site_code, limit=_LISTED_MAX)
    tills: dict[str, list[api.Device]] = {}
    for device in devices.list_devices(tx, page_of, caller=call.caller).items:
        tills.setdefault(device.till_name, []).append(device)
    return dict(sorted(tills.items()))
