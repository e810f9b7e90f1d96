"""Refunds: unseen vouchers return to stock, seen ones go through their operator."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from typer.testing import CliRunner

from deploy import verify_archive
from deploy.local.home import ROOT
from tests.fix_service import bearer, environment_of, keyed
from tests.fix_stack import Schema
from tests.recharges.build import SITE
from tests.recharges.cards import MANAGER, CardShop, an_event
from tests.recharges.door import SELLER, an_order, committed
from tests.recharges.shop import JOURNAL_KEYS
from tests.today import today

SFR = bearer("operator_partner", operator="sfr")
ORANGE = bearer("operator_partner", operator="orange")


@pytest.fixture
def shop(card_shop: CardShop) -> CardShop:
    return card_shop


def post(
    shop: CardShop, path: str, body: Any, *, as_: dict[str, str] = MANAGER, key: str | None = None
) -> httpx.Response:
    headers = keyed(as_, key=key)
    return shop.door.client.post(path, json=body, headers=headers)


def ask(shop: CardShop, sale_id: str, *, key: str | None = None, **more: Any) -> httpx.Response:
    return post(shop, f"/v1/sales/{sale_id}/refunds", {"reason": "a mistake", **more}, key=key)


def answer(
    shop: CardShop, refund_id: str, *, granted: bool, as_: dict[str, str] = SFR
) -> httpx.Response:
    body = {"granted": granted, "why": "looked at"}
    return post(shop, f"/v1/refunds/{refund_id}/answer", body, as_=as_)


def state_of(shop: CardShop, refund_id: str) -> str:
    found: str = shop.one("SELECT state FROM refund WHERE refund_id = %s", UUID(refund_id))
    return found


def code(answered: httpx.Response) -> str:
    return str(answered.json()["code"])


def refunded_cents(shop: CardShop, asked: dict[str, Any]) -> int:
    charge = shop.intent(asked)["latest_charge"]
    return shop.stand_in.client().v1.charges.retrieve(charge).amount_refunded


def sold_for_cash(shop: CardShop, *, quantity: int = 1) -> dict[str, Any]:
    return sell(shop, an_order(shop.till, shop.buyer(), quantity=quantity))


def sell(shop: CardShop, order: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
    sold = shop.door.sell(order, key=key)
    assert sold.status_code == 201, sold.text
    found: dict[str, Any] = sold.json()
    return found


class TestUnseenVouchers:
    def test_go_back_to_stock_and_the_money_to_the_card(self, shop: CardShop) -> None:
        shop.stock_up(2)
        person, left = shop.buyer(cap_cents=500), shop.left()
        asked = shop.paid(person, quantity=2)

        refund = ask(shop, asked["sale_id"])

        assert refund.status_code == 201, refund.text
        assert refund.json()["vouchers"] == "returned"
        assert code(shop.reveal(asked)) == "recharges.reveal.refunded"
        shop.wait_for(asked, "refunded")
        assert (refunded_cents(shop, asked), shop.left()) == (500, left)
        assert shop.one("SELECT used_cents FROM cap_month WHERE person_ref = %s", person) == 0
        self._see_ticket(shop, asked, refund.json()["refund_id"])
        again = shop.paid(person, quantity=2)  # the same vouchers, taken a second time
        assert shop.one("SELECT max(taking) FROM sale_voucher") == 2
        assert shop.reveal(again).status_code == 201

    def _see_ticket(self, shop: CardShop, asked: dict[str, Any], refund_id: str) -> None:
        (row,) = shop.all(
            "SELECT refund.ticket_no, refund.stripe_refund_id, journal.record FROM refund"
            " JOIN journal ON journal.till_id = refund.till_id AND kind = 'ticket'"
            " AND sequence = ticket_no WHERE refund_id = %s",
            UUID(refund_id),
        )
        record, sale = json.loads(row["record"]), shop.show(asked)
        assert (record["type"], record["total_cents"]) == ("refund", -500)
        assert record["lines"][0]["quantity"] == -2
        assert record["original"] == {
            "till_id": str(shop.till),
            "ticket_no": sale["ticket_no"],
            "sale_id": asked["sale_id"],
            "refund_id": refund_id,
        }
        assert record["payments"][0]["reference"] == row["stripe_refund_id"]
        fact = shop.one(
            "SELECT data FROM outbox WHERE type = 'recharges.sale.refunded.v1' AND subject = %s",
            asked["sale_id"],
        )
        assert (fact["refund_id"], fact["total_cents"]) == (refund_id, 500)
        assert fact["ticket_no"] == row["ticket_no"]

    def test_may_go_back_one_by_one(self, shop: CardShop) -> None:
        shop.stock_up(2)
        asked = shop.paid(quantity=2)
        first, second = (each["serial"] for each in shop.show(asked)["vouchers"])

        ask(shop, asked["sale_id"], serials=[first])
        twice = ask(shop, asked["sale_id"], serials=[first])
        shop.until(lambda: refunded_cents(shop, asked) == 250)
        revealed = shop.reveal(asked)

        assert code(twice) == "recharges.refund.not_of_this_sale"
        assert shop.show(asked)["state"] == "completed"
        assert [each["serial"] for each in revealed.json()["vouchers"]] == [second]
        # What was seen goes another way from now on.
        assert ask(shop, asked["sale_id"]).json()["state"] == "asked"
        assert code(ask(shop, asked["sale_id"])) == "recharges.refund.nothing_left"

    def test_stay_sold_when_the_bank_has_taken_the_money_back(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.paid()
        shop.stand_in.control(f"payment_intents/{asked['payment']['intent_id']}/dispute")

        refund = ask(shop, asked["sale_id"]).json()

        shop.until(lambda: state_of(shop, refund["refund_id"]) == "denied")
        (shown,) = shop.show(asked)["refunds"]
        assert (shown["state"], shop.show(asked)["state"]) == ("denied", "completed")
        assert shop.reveal(asked).status_code == 201


class TestTraps:
    @pytest.mark.parametrize("trouble", ["cut", "server_error_after", "rate_limit", "cut_before"])
    def test_double_refund_through_a_random_key(self, shop: CardShop, trouble: str) -> None:
        """shopper#602: a refund whose answer was lost was made a second time under a new key."""
        shop.stock_up(2)
        asked = shop.paid(quantity=2)
        serial = shop.show(asked)["vouchers"][0]["serial"]
        shop.stand_in.bad_day(trouble, path="/v1/refunds")

        refund = ask(shop, asked["sale_id"], serials=[serial]).json()
        shop.until(lambda: is_done(shop, refund["refund_id"]))

        assert refunded_cents(shop, asked) == 250

    def test_the_same_request_twice_refunds_once(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked, key = shop.paid(), str(uuid4())

        first = ask(shop, asked["sale_id"], key=key)
        second = ask(shop, asked["sale_id"], key=key)
        other = ask(shop, asked["sale_id"])

        assert first.json() == second.json()
        assert code(other) == "recharges.refund.nothing_left"
        shop.wait_for(asked, "refunded")
        assert refunded_cents(shop, asked) == 250


def is_done(shop: CardShop, refund_id: str) -> bool:
    """Whether it is; if not, it is due again at once rather than when the sweeper would look."""
    with committed(shop.schema) as rows:
        rows.tx.execute(
            "UPDATE refund SET look_at = now() WHERE refund_id = %s AND state = 'granted'",
            (UUID(refund_id),),
        )
    return state_of(shop, refund_id) == "done"


class TestSeenVouchers:
    def test_are_disputed_until_their_operator_answers(self, shop: CardShop) -> None:
        shop.stock_up(1)
        sold = sold_for_cash(shop)

        refund = ask(shop, sold["sale_id"]).json()

        assert (refund["state"], refund["vouchers"]) == ("asked", "refunded_by_operator")
        assert self._lots(shop, refund) == ["disputed"]
        denied = answer(shop, refund["refund_id"], granted=True, as_=ORANGE)
        assert (denied.status_code, code(denied)) == (403, "recharges.refund.not_your_operator")
        no = answer(shop, refund["refund_id"], granted=False)
        assert no.json()["state"] == "denied"
        assert code(answer(shop, refund["refund_id"], granted=True)) == (
            "recharges.refund.answered_already"
        )
        assert self._lots(shop, refund) == ["sold_out"]
        assert code(post(shop, f"/v1/refunds/{refund['refund_id']}/payout", self._at(shop))) == (
            "recharges.refund.not_to_pay_out"
        )
        again = ask(shop, sold["sale_id"]).json()  # it may be asked again
        assert again["state"] == "asked"

    def _lots(self, shop: CardShop, refund: dict[str, Any]) -> list[str]:
        rows = shop.all(
            "SELECT lot.state FROM lot JOIN refund_voucher ON"
            " lot.batch_id = refund_voucher.batch_id AND lot.first_position = position"
            " WHERE refund_id = %s",
            UUID(refund["refund_id"]),
        )
        return [row["state"] for row in rows]

    def _at(self, shop: CardShop) -> dict[str, str]:
        return {"till_id": str(shop.till)}

    def test_of_cash_are_paid_out_of_an_open_drawer_once(self, shop: CardShop) -> None:
        shop.stock_up(2)
        sold = sold_for_cash(shop, quantity=2)
        refund = ask(shop, sold["sale_id"]).json()
        path = f"/v1/refunds/{refund['refund_id']}/payout"
        assert code(post(shop, path, self._at(shop))) == "recharges.refund.not_to_pay_out"
        assert answer(shop, refund["refund_id"], granted=True).json()["state"] == "granted"

        first = post(shop, path, self._at(shop))
        second = post(shop, path, self._at(shop))

        assert first.json()["state"] == "done", first.text
        assert code(second) == "recharges.refund.not_to_pay_out"
        (line,) = shop.all(
            "SELECT amount_cents, till_id, drawer_session_id FROM cash_line WHERE refund_id = %s",
            UUID(refund["refund_id"]),
        )
        assert (line["amount_cents"], line["till_id"]) == (-500, shop.till)
        assert line["drawer_session_id"] is not None
        assert shop.show(sold)["state"] == "refunded"
        assert set(self._lots(shop, refund)) == {"refunded_by_operator"}

    def test_are_not_shown_again_to_a_till_that_repeats_its_sale(self, shop: CardShop) -> None:
        shop.stock_up(1)
        order, key = an_order(shop.till, shop.buyer()), str(uuid4())
        sold = sell(shop, order, key=key)
        reveals = "SELECT kind FROM reveal WHERE sale_id = %s"
        assert sell(shop, order, key=key) == sold
        assert len(shop.all(reveals, UUID(sold["sale_id"]))) == 1
        ask(shop, sold["sale_id"])

        assert sell(shop, order, key=key) == sold | {"vouchers": []}
        assert len(shop.all(reveals, UUID(sold["sale_id"]))) == 1

    def test_of_a_card_go_back_by_card_once_granted(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.paid()
        assert shop.reveal(asked).status_code == 201
        refund = ask(shop, asked["sale_id"]).json()
        assert refund["state"] == "asked"

        answer(shop, refund["refund_id"], granted=True)

        shop.wait_for(asked, "refunded")
        assert refunded_cents(shop, asked) == 250

    def test_are_not_paid_out_at_a_frozen_till(self, shop: CardShop) -> None:
        shop.stock_up(1)
        refund = ask(shop, sold_for_cash(shop)["sale_id"]).json()
        answer(shop, refund["refund_id"], granted=True)
        path = f"/v1/refunds/{refund['refund_id']}/payout"
        with committed(shop.schema) as opened:
            opened.tx.execute("UPDATE till SET frozen_at = now(), frozen_why = 'a doubt'")

        frozen = post(shop, path, self._at(shop))
        with committed(shop.schema) as opened:
            opened.tx.execute("UPDATE till SET frozen_at = NULL, frozen_why = NULL")

        assert code(frozen) == "recharges.till.frozen"
        assert post(shop, path, self._at(shop)).json()["state"] == "done"

    def test_need_a_drawer_that_is_open(self, shop: CardShop) -> None:
        shop.stock_up(1)
        sold = sold_for_cash(shop)
        refund = ask(shop, sold["sale_id"]).json()
        answer(shop, refund["refund_id"], granted=True)
        other = shop.enrol_till()

        closed = post(shop, f"/v1/refunds/{refund['refund_id']}/payout", {"till_id": str(other)})

        assert code(closed) == "recharges.drawer.not_open"
        assert state_of(shop, refund["refund_id"]) == "granted"


class TestCaller:
    def test_is_a_supervisor_of_the_site(self, shop: CardShop) -> None:
        shop.stock_up(1)
        sold = sold_for_cash(shop)
        path = f"/v1/sales/{sold['sale_id']}/refunds"

        for who, why in (
            (SELLER, "accounts.role.not_allowed"),
            (bearer("site_manager", "antony"), "accounts.site.not_yours"),
        ):
            assert code(post(shop, path, {"reason": "x"}, as_=who)) == why

    def test_sees_what_concerns_them(self, shop: CardShop) -> None:
        shop.stock_up(1)
        refund = ask(shop, sold_for_cash(shop)["sale_id"]).json()

        def seen(who: dict[str, str], **query: str) -> list[str]:
            shown = shop.door.get("/v1/refunds", as_=who, limit="200", **query)
            return [each["refund_id"] for each in shown.json()]

        assert refund["refund_id"] in seen(MANAGER, site_code=SITE, state="asked")
        assert refund["refund_id"] in seen(SFR, state="asked")
        assert refund["refund_id"] not in seen(ORANGE)
        assert refund["refund_id"] not in seen(bearer("site_manager", "antony"))
        assert refund["refund_id"] not in seen(MANAGER, state="done")


class TestRefundThatCameBack:
    def test_is_told_by_a_figure(self, shop: CardShop) -> None:
        shop.hook(an_event("refund.failed", {"id": "re_1", "object": "refund"}))

        figures = shop.door.client.get("/metrics").text
        assert 'relais_card_alerts_total{kind="refund.failed"} 1.0' in figures


class TestJournal:
    def test_of_a_day_with_cards_and_refunds_closes_and_verifies(
        self, shop: CardShop, tmp_path: Path
    ) -> None:
        shop.stock_up(6)
        here = replace(shop, till=shop.enrol_till())
        sold = sold_for_cash(here, quantity=2)
        back = ask(here, sold["sale_id"], serials=[sold["vouchers"][0]["serial"]]).json()
        answer(here, back["refund_id"], granted=True)
        post(here, f"/v1/refunds/{back['refund_id']}/payout", {"till_id": str(here.till)})
        kept, returned, given_up = here.paid(), here.paid(), here.asked()
        assert here.reveal(kept).status_code == 201
        ask(here, returned["sale_id"])
        here.wait_for(returned, "refunded")
        here.give_up(given_up)

        session = here.one("SELECT drawer_session_id FROM till WHERE till_id = %s", here.till)
        closed = post(here, f"/v1/drawer-sessions/{session}/close", {"counted": {"50": 5}})

        assert closed.json()["gap_cents"] == 0, closed.text
        (day,) = here.all(
            "SELECT sold_cents, refunded_cents, cash_cents, card_cents FROM closing"
            " WHERE till_id = %s AND period = 'day'",
            here.till,
        )
        assert day == {
            "sold_cents": 1000,
            "refunded_cents": 500,
            "cash_cents": 250,
            "card_cents": 250,
        }
        exported = export(here.schema, here.till, tmp_path / "till.jsonl")
        assert exported.returncode == 0, exported.stderr
        verified = CliRunner().invoke(verify_archive.app, [str(tmp_path / "till.jsonl")])
        assert verified.exit_code == 0, verified.output


def export(schema: Schema, till: UUID, out: Path) -> subprocess.CompletedProcess[str]:
    year = str(today().year)
    return subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", "deploy.command", "recharges"),
            *("export-archive", "--till", str(till), "--year", year, str(out)),
        ],
        cwd=ROOT,
        env=environment_of(
            schema, RELAIS_JOURNAL_KEYS=JOURNAL_KEYS, RELAIS_HOME=str(out.parent), COLUMNS="200"
        ),
        capture_output=True,
        text=True,
        timeout=120,
    )
