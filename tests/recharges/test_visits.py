"""On which days somebody came: their visits, as the reception desk shows them."""

from datetime import timedelta
from typing import Any

from chassis import aliases
from services.recharges.web.visits import VisitPages
from tests.merges import merged
from tests.recharges.build import NOON, SITE, an_order
from tests.recharges.shop import Shop, done
from tests.recharges.staff import LYON, a_call


def visits_of(shop: Shop, person: Any, *, role: str = "site_manager") -> list[tuple[str, str]]:
    shown: Any = VisitPages().show_visits
    found = shown(shop.tx, a_call(role), person).values["visits"]
    return [(str(each["visited_on"]), each["site_code"]) for each in found]


class TestVisits:
    def test_are_days_of_every_reference_at_the_callers_sites(self, shop: Shop) -> None:
        shop.stock_up(20)
        shop.stock_up(20, site_code=LYON)
        first, second, stranger = (shop.entitle() for _ in range(3))
        aliases.learn(shop.tx, [merged(first, second)])
        for site_code, person, at in (
            (SITE, first, NOON),
            (SITE, first, NOON + timedelta(hours=1)),
            (SITE, second, NOON + timedelta(days=40)),
            (LYON, first, NOON + timedelta(days=1)),
            (SITE, stranger, NOON),
        ):
            till = shop.enrol_till(site_code=site_code)
            done(shop.sell([an_order(till, person, ordered_at=at, seller_sites=None)])[0])

        assert visits_of(shop, second) == [
            ("2026-12-31", SITE),
            ("2026-11-21", SITE),
        ]
        assert visits_of(shop, first, role="admin") == [
            ("2026-12-31", SITE),
            ("2026-11-22", LYON),
            ("2026-11-21", SITE),
        ]
