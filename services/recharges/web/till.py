"""The till: one page, whose screens are in `static/till/`."""

from chassis.db import Transaction
from chassis.http import Call
from chassis.web import View, page
from kernel.period import business_date
from services.recharges.doors import SUPERVISORS
from services.recharges.handlers import selling
from services.recharges.web import release

#: Who sells; an administrator steers, and holds no drawer.
SELLERS = ("till_operator", "site_manager")


class TillPages:
    """Selling at a counter."""

    @page("/caisse", allow=SELLERS)
    def show_till(self, tx: Transaction, call: Call) -> View:
        """Show the till: the tills it may be, and what it sells today."""
        tills = selling.show_tills(
            tx, site_codes=sorted(call.caller.site_codes), language=call.language
        )
        offers = selling.show_offers(tx, on=business_date(call.now), language=call.language)
        return View(
            "till.html",
            release=release.name(),
            first_scripts=release.first(),
            known={
                "user_id": str(call.caller.user_id),
                "supervises": call.caller.role in SUPERVISORS,
                "today": business_date(call.now).isoformat(),
                "tills": [each.model_dump(mode="json") for each in tills],
                "offers": [each.model_dump(mode="json") for each in offers],
            },
        )
