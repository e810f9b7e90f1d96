"""Who sells and where, and that a ticket sold offline says so: from settings and facts to paper."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from deploy.local import seller
from services.recharges.domain.ticket import Seller
from services.recharges.events import SiteOpened
from services.recharges.handlers import tickets
from services.recharges.handlers.learning import learn_sites
from services.recharges.settings import SellerSettings
from tests.recharges.build import NOON, SITE
from tests.recharges.counter import HOUR, Counter
from tests.recharges.shop import Shop

ADDRESS = "47 rue Jean Jaurès, Saint-Denis"


class TestSettings:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("DATABASE_URL", "AMQP_URL", "RELAIS_VERIFY_KEY"):
            monkeypatch.setenv(name, "given")
        for name, value in seller.DEMONSTRATION.items():
            monkeypatch.setenv(name, value)

    def test_name_the_seller_as_tickets_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(seller.SIRET, " 123 456 782 00010 ")

        assert SellerSettings().seller == Seller(
            name="Relais (démonstration)", siret="12345678200010"
        )

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            (seller.NAME, ""),
            (seller.NAME, "  "),
            (seller.SIRET, ""),
            (seller.SIRET, "1234567820000"),
            (seller.SIRET, "12345678200003"),
            (seller.SIRET, "1234567820000²"),
        ],
    )
    def test_take_none_that_is_empty_or_mistyped(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)

        with pytest.raises(ValidationError):
            SellerSettings()


class TestSite:
    def test_gets_the_address_it_was_told_without_and_keeps_it(self, shop: Shop) -> None:
        for address in ("", ADDRESS, "12 rue d'Alger, Saint-Denis"):
            site = SiteOpened(site_code="saint-ouen", name="Saint-Ouen", address=address)
            learn_sites(shop.tx, [site, site])

        assert shop.one("SELECT address FROM site WHERE site_code = 'saint-ouen'") == ADDRESS


class TestTicket:
    def test_sold_offline_says_when_it_was_sold_and_recorded_and_where(self, shop: Shop) -> None:
        shop.stock_up(5)
        counter, person = Counter(shop=shop), shop.entitle()
        shop.tx.execute("DELETE FROM site WHERE site_code = %s", (SITE,))
        learn_sites(shop.tx, [SiteOpened(site_code=SITE, name="Saint-Denis", address=ADDRESS)])
        line = counter.sell(counter.take(1, person), person)
        (outcome,) = counter.outcomes(at=NOON + timedelta(days=1))

        ticket = tickets.ticket_of(shop.tx, outcome.sale_id, is_shown=True)

        assert outcome.ticket_no == ticket.ticket_no == line["sequence"] == 1
        assert (ticket.recorded_at, ticket.received_at) == (NOON + HOUR, NOON + timedelta(days=1))
        assert ticket.site_address == ADDRESS
