"""Vouchers sent from one site to another: never in two stocks, never in none."""

from datetime import date
from uuid import uuid4

import pytest
from psycopg import errors

from chassis.auth import OtherSite
from services.recharges.api import transfers as api
from services.recharges.domain.delivery import SiteUnknown
from services.recharges.domain.stock import NoVoucherLeft
from services.recharges.handlers import transfers
from tests.recharges.build import SITE, an_order
from tests.recharges.shop import Shop, done
from tests.recharges.staff import LYON, a_call, change_vouchers, conserve, receive, send, stock_at

SIZE = 6


@pytest.fixture
def serials(shop: Shop) -> list[str]:
    """Six vouchers on sale here, none at the other site."""
    shop.open_site(LYON)
    return [line["serial"] for line in shop.stock_up(SIZE)]


class TestSend:
    def test_takes_vouchers_out_of_stock_until_they_are_counted(
        self, shop: Shop, serials: list[str]
    ) -> None:
        transfer_id = send(shop, 4)

        conserve(shop)
        assert stock_at(shop) == {"available": 2, "in_transfer": 4}
        assert stock_at(shop, LYON) == {}
        shown = transfers.show_transfer(shop.tx, transfer_id, call=a_call("till_operator", LYON))
        assert (shown.state, shown.vouchers) == ("sent", 4)
        assert set(shown.lines[0].serials) < set(serials)

    def test_takes_what_is_used_soonest_first(self, shop: Shop, serials: list[str]) -> None:
        shop.stock_up(2, use_by="2027-01-31")
        send(shop, 2)

        assert shop.one("SELECT use_by FROM lot WHERE state = 'in_transfer'") == date(2027, 1, 31)

    def test_is_refused_when_too_few_are_left(self, shop: Shop, serials: list[str]) -> None:
        with pytest.raises(NoVoucherLeft):
            send(shop, SIZE + 1)

    def test_is_refused_from_a_site_of_others(self, shop: Shop, serials: list[str]) -> None:
        with pytest.raises(OtherSite):
            send(shop, 1, call=a_call("site_manager", LYON))

    def test_is_refused_to_nowhere_and_to_the_same_site(
        self, shop: Shop, serials: list[str]
    ) -> None:
        with pytest.raises(SiteUnknown):
            send(shop, 1, to_site="nowhere")
        with pytest.raises(transfers.TransferToItself):
            send(shop, 1, to_site=SITE)


class TestReceive:
    def test_puts_what_arrived_on_sale_there(self, shop: Shop, serials: list[str]) -> None:
        received = receive(shop, send(shop, 4))

        conserve(shop)
        assert (received.arrived, received.missing, received.shortage) == (4, 0, [])
        assert stock_at(shop) == {"available": 2}
        assert stock_at(shop, LYON) == {"available": 4}
        till, person = shop.enrol_till(site_code=LYON), shop.entitle()
        order = an_order(till, person, ("sfr-15", 4), seller_sites=frozenset({LYON}))
        assert len(done(shop.sell([order])[0]).vouchers) == 4

    def test_reports_a_shortage_by_serial(self, shop: Shop, serials: list[str]) -> None:
        transfer_id = send(shop, 4)
        sent = transfers.show_transfer(shop.tx, transfer_id, call=a_call()).lines[0].serials
        short = [sent[1], sent[3]]

        received = receive(shop, transfer_id, *short)

        conserve(shop)
        assert (received.arrived, received.missing) == (2, 2)
        assert received.shortage == [api.Shortage(offer_code="sfr-15", missing=2, serials=short)]
        assert stock_at(shop) == {"available": 2, "lost": 2}
        assert stock_at(shop, LYON) == {"available": 2}
        shown = transfers.show_transfer(shop.tx, transfer_id, call=a_call())
        assert shown.lines[0].missing_serials == short
        assert shown.missing == 2
        moved = shop.all(
            "SELECT what, sum(end_position - first_position)::int AS n FROM stock_move"
            " WHERE transfer_id = %s GROUP BY what",
            transfer_id,
        )
        assert {row["what"]: row["n"] for row in moved} == {"sent": 4, "missing": 2, "arrived": 2}
        change_vouchers(shop, "found", serials=short)
        assert stock_at(shop) == {"available": 2, "quarantined": 2}

    def test_of_nothing_is_a_shortage_of_all(self, shop: Shop, serials: list[str]) -> None:
        transfer_id = send(shop, SIZE)

        received = receive(shop, transfer_id, *serials)

        assert (received.arrived, received.missing) == (0, SIZE)
        assert stock_at(shop) == {"lost": SIZE}

    def test_is_refused_twice(self, shop: Shop, serials: list[str]) -> None:
        transfer_id = send(shop, 1)
        receive(shop, transfer_id)

        with pytest.raises(transfers.TransferEnded):
            receive(shop, transfer_id)

    def test_is_refused_to_the_sender_and_to_other_sites(
        self, shop: Shop, serials: list[str]
    ) -> None:
        both = a_call("site_manager", SITE, LYON)
        transfer_id = send(shop, 1, call=both)

        with pytest.raises(transfers.ReceivedBySender):
            receive(shop, transfer_id, call=both)
        with pytest.raises(OtherSite):
            receive(shop, transfer_id, site_code=SITE)
        with pytest.raises(errors.CheckViolation, match="received_by_another"):
            shop.tx.execute(
                "UPDATE transfer SET state = 'received', missing = 0, ended_at = sent_at,"
                "       ended_by = sent_by"
            )

    def test_is_refused_with_a_serial_that_was_not_sent(
        self, shop: Shop, serials: list[str]
    ) -> None:
        transfer_id = send(shop, 1)
        (sent,) = transfers.show_transfer(shop.tx, transfer_id, call=a_call()).lines[0].serials
        other = next(serial for serial in serials if serial != sent)

        with pytest.raises(transfers.NotInTransfer):
            receive(shop, transfer_id, other)

    def test_of_no_transfer_is_refused(self, shop: Shop) -> None:
        with pytest.raises(transfers.TransferUnknown):
            receive(shop, uuid4())


class TestCancel:
    def test_brings_back_what_was_sent_by_mistake(self, shop: Shop, serials: list[str]) -> None:
        transfer_id = send(shop, 4)

        shown = transfers.cancel_transfer(shop.tx, transfer_id, call=a_call())

        conserve(shop)
        assert shown.state == "cancelled"
        assert stock_at(shop) == {"available": SIZE}
        with pytest.raises(transfers.TransferEnded):
            receive(shop, transfer_id)

    def test_is_refused_once_it_was_received_and_to_the_other_site(
        self, shop: Shop, serials: list[str]
    ) -> None:
        transfer_id = send(shop, 4)
        with pytest.raises(OtherSite):
            transfers.cancel_transfer(shop.tx, transfer_id, call=a_call("site_manager", LYON))
        receive(shop, transfer_id)

        with pytest.raises(transfers.TransferEnded):
            transfers.cancel_transfer(shop.tx, transfer_id, call=a_call())


class TestList:
    def test_shows_both_sites_their_transfers_page_by_page(
        self, shop: Shop, serials: list[str]
    ) -> None:
        sent = [send(shop, 1) for _ in range(3)]
        receive(shop, sent[0])

        for site_code in (SITE, LYON):
            call = a_call("till_operator", site_code)
            asked = api.TransfersAsked(site_code=site_code, limit=2)
            page = transfers.list_transfers(shop.tx, asked, call=call)
            assert [each.transfer_id for each in page.items] == [sent[2], sent[1]]
            asked = api.TransfersAsked(site_code=site_code, after=page.last)
            page = transfers.list_transfers(shop.tx, asked, call=call)
            assert [each.transfer_id for each in page.items] == [sent[0]]
            asked = api.TransfersAsked(site_code=site_code, state="received")
            page = transfers.list_transfers(shop.tx, asked, call=call)
            assert [each.transfer_id for each in page.items] == [sent[0]]

    def test_is_refused_to_others(self, shop: Shop, serials: list[str]) -> None:
        transfer_id = send(shop, 1)
        stranger = a_call("till_operator", "antony")

        with pytest.raises(OtherSite):
            transfers.list_transfers(shop.tx, api.TransfersAsked(site_code=SITE), call=stranger)
        with pytest.raises(transfers.TransferNotYours):
            transfers.show_transfer(shop.tx, transfer_id, call=stranger)
