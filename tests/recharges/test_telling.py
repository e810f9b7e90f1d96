"""What is told of vouchers and cash that move: in batches, by offer, and nothing of a person."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.facts import Fact
from services.recharges import events
from services.recharges.api.transfers import SendVouchers, TransferLine
from services.recharges.handlers import stock as counts
from services.recharges.handlers import transfers
from tests.recharges.build import SITE
from tests.recharges.desk import Desk
from tests.recharges.shop import Shop, new_id
from tests.recharges.staff import LYON, a_call, change_vouchers, receive, send

DAY_AFTER = datetime(2035, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def serials(shop: Shop) -> list[str]:
    """Six vouchers on sale here, and three of another offer."""
    shop.open_site(LYON)
    shop.stock_up(3, offer_code="sfr-500mo")
    return [line["serial"] for line in shop.stock_up(6)]


@pytest.fixture
def desk(shop: Shop) -> Desk:
    shop.stock_up(4)
    return Desk(shop=shop, till_id=shop.enrol_till(), person=shop.entitle())


def told(shop: Shop, fact: type[Fact]) -> list[dict[str, Any]]:
    """What was told of one kind, where it happened."""
    found = shop.all("SELECT site, data FROM outbox WHERE type = %s ORDER BY position", fact.TYPE)
    for row in found:
        fact.model_validate(row["data"])
        assert row["data"].get("site_code", row["site"]) == row["site"]
    return [row["data"] | {"site": row["site"]} for row in found]


def offers(data: dict[str, Any], name: str = "offers") -> list[tuple[str, str, int, int]]:
    return [
        (each["offer_code"], each["operator"], each["count"], each["face_value_cents"])
        for each in data[name]
    ]


class TestTransfer:
    def test_is_told_by_offer_when_it_leaves(self, shop: Shop, serials: list[str]) -> None:
        lines = [("sfr-15", 4), ("sfr-500mo", 2)]
        asked = SendVouchers(
            from_site=SITE,
            to_site=LYON,
            lines=tuple(TransferLine(offer_code=code, quantity=n) for code, n in lines),
        )
        transfers.send_vouchers(shop.tx, asked, call=a_call())

        (sent,) = told(shop, events.TransferSent)
        assert (sent["site"], sent["from_site"], sent["to_site"]) == (SITE, SITE, LYON)
        assert offers(sent) == [("sfr-15", "sfr", 4, 6000), ("sfr-500mo", "sfr", 2, 1000)]
        assert (sent["vouchers"], sent["face_value_cents"]) == (6, 7000)

    def test_is_told_where_it_arrives_and_what_is_missing_where_it_was_sent(
        self, shop: Shop, serials: list[str]
    ) -> None:
        transfer_id = send(shop, 4)
        sent = transfers.show_transfer(shop.tx, transfer_id, call=a_call()).lines[0].serials

        receive(shop, transfer_id, sent[2])

        (arrived,) = told(shop, events.TransferReceived)
        assert (arrived["site"], offers(arrived)) == (LYON, [("sfr-15", "sfr", 3, 4500)])
        assert offers(arrived, "missing") == [("sfr-15", "sfr", 1, 1500)]
        (gone,) = told(shop, events.VouchersWrittenOff)
        assert (gone["site"], gone["cause"], gone["transfer_id"]) == (
            SITE,
            "missing",
            str(transfer_id),
        )
        assert offers(gone) == [("sfr-15", "sfr", 1, 1500)]

    def test_that_arrives_past_its_day_is_told_as_expired_by_the_clock(
        self, shop: Shop, serials: list[str]
    ) -> None:
        transfer_id = send(shop, 2)
        receive(shop, transfer_id, call=a_call("till_operator", LYON, now=DAY_AFTER))
        assert told(shop, events.VouchersWrittenOff) == []

        counts.expire_vouchers(shop.tx, now=DAY_AFTER, new_id=new_id)

        gone = told(shop, events.VouchersWrittenOff)
        assert [(each["site"], each["cause"], offers(each)) for each in gone] == [
            (LYON, "expired", [("sfr-15", "sfr", 2, 3000)]),
            (SITE, "expired", [("sfr-15", "sfr", 4, 6000), ("sfr-500mo", "sfr", 3, 1500)]),
        ]

    def test_that_comes_back_is_told_where_it_came_from(
        self, shop: Shop, serials: list[str]
    ) -> None:
        transfers.cancel_transfer(shop.tx, send(shop, 4), call=a_call())

        (back,) = told(shop, events.TransferCancelled)
        assert (back["site"], offers(back)) == (SITE, [("sfr-15", "sfr", 4, 6000)])


class TestChange:
    @pytest.mark.parametrize("change", ["damaged", "lost"])
    def test_that_takes_off_the_shelf_is_told_once_for_all(
        self, shop: Shop, serials: list[str], change: str
    ) -> None:
        change_vouchers(shop, change, serials=[serials[0], serials[2], serials[5]])

        (gone,) = told(shop, events.VouchersWrittenOff)
        assert (gone["cause"], gone["vouchers"], gone["transfer_id"]) == (change, 3, None)
        assert offers(gone) == [("sfr-15", "sfr", 3, 4500)]

    def test_that_finds_them_again_is_told(self, shop: Shop, serials: list[str]) -> None:
        change_vouchers(shop, "lost", serials=serials[:3])
        change_vouchers(shop, "found", serials=serials[1:2])

        (found,) = told(shop, events.VouchersFound)
        assert offers(found) == [("sfr-15", "sfr", 1, 1500)]

    def test_that_leaves_them_on_the_shelf_is_not_told(
        self, shop: Shop, serials: list[str]
    ) -> None:
        change_vouchers(shop, "quarantined", serials=serials[:3])

        assert told(shop, events.VouchersWrittenOff) == told(shop, events.VouchersFound) == []

    def test_tells_no_serial_and_no_reason(self, shop: Shop, serials: list[str]) -> None:
        change_vouchers(shop, "lost", serials=serials)

        (gone,) = told(shop, events.VouchersWrittenOff)
        assert not any(serial in str(gone) for serial in serials)
        assert "as it is told" not in str(gone)


class TestCash:
    @pytest.mark.parametrize(
        ("kind", "purpose", "cents"),
        [("out", "bank", -1000), ("in", "safe", 1000), ("out", "expense", -1000)],
    )
    def test_that_is_moved_is_told_with_its_purpose_and_without_its_reason(
        self, desk: Desk, kind: str, purpose: str, cents: int
    ) -> None:
        session_id = desk.open()

        moved = desk.move(session_id, kind, 1000, "pour Mme Martin", purpose=purpose)

        (fact,) = told(desk.shop, events.CashMoved)
        assert (fact["purpose"], fact["amount_cents"]) == (purpose, cents)
        assert (fact["till_id"], fact["site"]) == (str(desk.till_id), SITE)
        assert "Martin" not in str(fact)
        assert moved.purpose == purpose
        assert list(desk.read(session_id).movements) == [moved]

    def test_of_two_movements_is_told_as_two_documents(self, desk: Desk) -> None:
        session_id = desk.open()
        for _ in range(2):
            desk.move(session_id, "in", 100, "monnaie")

        first, second = told(desk.shop, events.CashMoved)
        assert first["cash_line_id"] != second["cash_line_id"]
