"""The day of a till at the HTTP door: float, sales, X, count, Z, closings, reprints, papers."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis import aliases
from services.recharges.domain.journal import Period
from tests.fix_service import bearer, keyed
from tests.fix_stack import FreshSchema
from tests.merges import merged
from tests.recharges.build import SITE
from tests.recharges.desk import Desk
from tests.recharges.door import Door, an_order, committed, open_door
from tests.recharges.shop import KEYS, connect_as_admin

CASHIER = bearer("till_operator", SITE)
MANAGER = bearer("site_manager", SITE)
STRANGER = bearer("till_operator", "lyon")
TODAY = datetime.now(UTC).date()
MEDIA = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "escpos": "application/octet-stream",
    "sms": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A till behind the door, and somebody who buys there."""

    door: Door
    till: UUID
    person: UUID

    def post(
        self, path: str, body: Any, *, as_: dict[str, str] = CASHIER, key: str | None = None
    ) -> httpx.Response:
        return self.door.client.post(path, json=body, headers=keyed(as_, key=key))

    def open(self) -> str:
        answer = self.post(f"/v1/tills/{self.till}/drawer-sessions", {"float": {"2000": 2}})
        assert answer.status_code == 201, answer.text
        session: str = answer.json()["drawer_session_id"]
        return session

    def sell(self, **more: Any) -> dict[str, Any]:
        answer = self.door.sell(an_order(self.till, self.person) | more, as_=CASHIER)
        assert answer.status_code == 201, answer.text
        sold: dict[str, Any] = answer.json()
        return sold


@pytest.fixture(scope="module")
def door(fresh_schema: FreshSchema) -> Iterator[Door]:
    with open_door(fresh_schema("recharges")) as door:
        with committed(door.schema) as shop:
            shop.stock_up(60)
        yield door


@pytest.fixture
def counter(door: Door) -> Counter:
    with committed(door.schema) as shop:
        return Counter(door=door, till=shop.enrol_till(), person=shop.entitle(cap_cents=100_000))


class TestDrawer:
    def test_goes_through_its_day(self, counter: Counter) -> None:
        session = counter.open()
        counter.sell()
        path = f"/v1/drawer-sessions/{session}"
        moved = counter.post(
            f"{path}/movements", {"kind": "out", "amount_cents": 100, "reason": "timbres"}
        )
        blind = counter.door.get(f"{path}/x", as_=CASHIER)
        seen = counter.door.get(f"{path}/x", as_=MANAGER)
        closed = counter.post(f"{path}/close", {"counted": {"2000": 2, "100": 1, "50": 1}})

        assert moved.status_code == 201, moved.text
        assert (blind.json()["expected_cents"], seen.json()["expected_cents"]) == (None, 4150)
        assert closed.status_code == 200, closed.text
        assert closed.json() == {
            "drawer_session_id": session,
            "state": "closed",
            "expected_cents": 4150,
            "counted_cents": 4150,
            "gap_cents": 0,
            "closing_no": 1,
            "closing_id": closed.json()["closing_id"],
            "waits_for": None,
        }
        listed = counter.door.get(
            "/v1/drawer-sessions", as_=MANAGER, site_code=SITE, **{"from": str(TODAY)}, limit="200"
        )
        assert session in [each["drawer_session_id"] for each in listed.json()]

    def test_gives_more_than_the_rule_to_a_supervisor_only(self, counter: Counter) -> None:
        path = f"/v1/drawer-sessions/{counter.open()}/movements"
        taken = {"kind": "out", "amount_cents": 20_001, "reason": "banque"}

        alone = counter.post(path, taken)

        assert (alone.status_code, alone.json()["code"]) == (
            403,
            "recharges.drawer.cash_out_needs_supervisor",
        )
        assert counter.post(path, taken, as_=MANAGER).status_code == 201

    def test_with_a_large_gap_asks_for_another_person(self, counter: Counter) -> None:
        session = counter.open()
        counter.sell()
        path = f"/v1/drawer-sessions/{session}"
        counted = counter.post(f"{path}/close", {"counted": {"2000": 1}})
        again = counter.post(f"{path}/close", {"counted": {"2000": 2}})
        alone = counter.post(f"{path}/approval", {"reason": "perdu"}, as_=CASHIER)
        approved = counter.post(f"{path}/approval", {"reason": "perdu"}, as_=MANAGER)

        assert (counted.json()["state"], counted.json()["gap_cents"]) == ("counted", -2250)
        assert again.json()["code"] == "recharges.drawer.counted_already"
        assert alone.status_code == 403
        assert (approved.json()["state"], approved.json()["closing_no"]) == ("closed", 1)

    def test_is_handed_over_without_telling_what_is_expected(self, counter: Counter) -> None:
        session, colleague = counter.open(), str(uuid4())
        counter.sell()
        path = f"/v1/drawer-sessions/{session}/handovers"
        handed = counter.post(path, {"to_user": colleague, "counted": {"2000": 2}})
        back = {"to_user": str(uuid4()), "counted": {"2000": 2}}
        refused = counter.post(path, back, as_=CASHIER)
        seen = counter.post(path, back, as_=MANAGER)

        assert handed.status_code == 201, handed.text
        assert (handed.json()["held_by"], handed.json()["expected_cents"]) == (colleague, None)
        assert refused.json()["code"] == "recharges.drawer.handover_not_yours"
        assert (seen.json()["expected_cents"], seen.json()["gap_cents"]) == (4250, -250)

    def test_is_counted_once_by_many_at_once(self, counter: Counter) -> None:
        path = f"/v1/drawer-sessions/{counter.open()}/close"
        with ThreadPoolExecutor(8) as people:
            answers = [
                *people.map(
                    lambda cents: counter.post(path, {"counted": {"2000": 2, "1": cents}}),
                    range(8),
                )
            ]

        assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
        assert len(counter.door.get(f"/v1/tills/{counter.till}/closings").json()) == 1

    def test_says_in_french_which_coins_there_are(self, counter: Counter) -> None:
        answer = counter.post(f"/v1/tills/{counter.till}/drawer-sessions", {"float": {"3": 1}})

        assert answer.status_code == 422
        assert "pièces et billets" in answer.text

    def test_is_for_the_staff_of_its_site(self, counter: Counter) -> None:
        session = counter.open()
        path = f"/v1/drawer-sessions/{session}"
        refused = [
            counter.post(f"{path}/close", {"counted": {}}, as_=STRANGER),
            counter.post(f"/v1/tills/{counter.till}/drawer-sessions", {"float": {}}, as_=STRANGER),
            counter.door.get(f"{path}/x", as_=STRANGER),
            counter.door.get(f"{path}/report", as_=STRANGER),
            counter.door.get("/v1/drawer-sessions", as_=STRANGER, site_code=SITE),
            counter.door.get(f"/v1/tills/{counter.till}/closings", as_=STRANGER),
        ]

        assert {answer.status_code for answer in refused} == {403}
        unknown = counter.door.get(f"/v1/drawer-sessions/{uuid4()}/x")
        assert unknown.json()["code"] == "recharges.drawer.unknown"

    @pytest.mark.parametrize("format", ["html", "pdf", "escpos"])
    def test_prints_its_x_and_its_z(self, counter: Counter, format: str) -> None:
        session = counter.open()
        counter.sell()
        path = f"/v1/drawer-sessions/{session}"
        x = counter.door.get(f"{path}/report", as_=CASHIER, format=format)
        counter.post(f"{path}/close", {"counted": {"2000": 2, "200": 1, "50": 1}})
        z = counter.door.get(f"{path}/report", as_=CASHIER, format=format)

        assert [each.status_code for each in (x, z)] == [200, 200], z.text
        assert {each.headers["Content-Type"] for each in (x, z)} == {MEDIA[format]}
        if format == "html":
            assert "42,50" not in x.text
            assert "42,50" in z.text
            anchor = z.text.split("grand total")[-1] if "grand total" in z.text else z.text
            with committed(counter.door.schema) as shop:
                head = shop.one(
                    "SELECT encode(hash, 'hex') FROM journal WHERE till_id = %s"
                    " AND kind = 'grand_total'",
                    counter.till,
                )
            assert head[:16] in anchor


class TestClosings:
    def test_are_listed_by_period(self, counter: Counter) -> None:
        session = counter.open()
        counter.sell()
        path = f"/v1/tills/{counter.till}/closings"
        early = counter.post(path, {"period": "day"}, as_=MANAGER)
        counter.post(
            f"/v1/drawer-sessions/{session}/close", {"counted": {"2000": 2, "50": 5}}
        ).raise_for_status()
        made = counter.post(path, {"period": "day"}, as_=MANAGER)
        month = counter.post(path, {"period": "month"}, as_=MANAGER)

        assert (early.status_code, early.json()["code"]) == (
            409,
            "recharges.closing.drawer_still_open",
        )
        assert made.status_code == 201, made.text
        day, after = counter.door.get(path, period="day").json()
        assert made.json() == {"closings": [after], "broken": []}
        assert (day["real_cents"], day["perpetual_real_cents"], day["ticket_count"]) == (
            250,
            250,
            1,
        )
        assert counter.door.get(path, period="month").json() == []
        assert month.json()["code"] == "recharges.closing.period_not_over"
        assert counter.post(path, {"period": "day"}, as_=CASHIER).status_code == 403
        assert counter.door.get(path, period="week").status_code == 422

    def test_do_not_tell_a_cashier_what_to_count(self, counter: Counter) -> None:
        """The clock may close a day whose drawer nobody has counted yet."""
        path = f"/v1/tills/{counter.till}/closings"
        session = counter.open()
        counter.sell()
        with committed(counter.door.schema) as shop:
            now = datetime.now(UTC)
            desk = Desk(shop=shop, till_id=counter.till, person=counter.person, now=now)
            desk.close_period(Period.DAY)

        def seen(as_: dict[str, str]) -> list[int]:
            return [each["cash_cents"] for each in counter.door.get(path, as_=as_).json()]

        assert (seen(CASHIER), seen(MANAGER)) == ([], [250])
        close = f"/v1/drawer-sessions/{session}/close"
        assert counter.post(close, {"counted": {"2000": 1}}).json()["state"] == "counted"
        assert (seen(CASHIER), seen(MANAGER)) == ([], [250])
        counter.post(f"/v1/drawer-sessions/{session}/approval", {"reason": "perdu"}, as_=MANAGER)
        assert seen(CASHIER) == seen(MANAGER) == [250, 0]


class TestReprint:
    def test_second_print_must_say_duplicata(self, counter: Counter) -> None:
        # Second print must say DUPLICATA (openpetra#646).
        sold = counter.sell()
        path = f"/v1/sales/{sold['sale_id']}"
        asked = {"reason": "imprimante en panne", "format": "html"}
        first = counter.post(f"{path}/reprints", asked, as_=MANAGER)
        second = counter.post(f"{path}/reprints", asked, as_=MANAGER)

        assert [each.status_code for each in (first, second)] == [201, 201], first.text
        assert [each.json()["copy_no"] for each in (first, second)] == [1, 2]
        assert [v["pin"] for v in second.json()["vouchers"]] == [v["pin"] for v in sold["vouchers"]]
        assert "DUPLICATA 1" in first.json()["printed"]["content"]
        assert "DUPLICATA 2" in second.json()["printed"]["content"]
        with committed(counter.door.schema) as shop:
            written = shop.all(
                "SELECT record FROM journal WHERE till_id = %s AND kind = 'duplicate'",
                counter.till,
            )
        copies = [json.loads(row["record"]) for row in written]
        assert [(each["copy_no"], each["ticket_no"]) for each in copies] == [(1, 1), (2, 1)]
        assert "imprimante en panne" not in str(copies)

    def test_is_logged_with_who_where_and_why(self, counter: Counter) -> None:
        sold = counter.sell()
        path = f"/v1/sales/{sold['sale_id']}"
        counter.post(f"{path}/reprints", {"reason": "illisible"}, as_=MANAGER)

        reveals = counter.door.get(f"{path}/reveals", as_=MANAGER).json()

        assert [(each["kind"], each["copy_no"], each["reason"]) for each in reveals] == [
            ("first", None, "sale"),
            ("reprint", 1, "illisible"),
        ]
        assert {each["till_id"] for each in reveals} == {str(counter.till)}
        assert counter.door.get(f"{path}/reveals", as_=CASHIER).status_code == 403

    def test_whose_answer_was_lost_is_the_same_copy(self, counter: Counter) -> None:
        sold, key = counter.sell(), str(uuid4())
        path = f"/v1/sales/{sold['sale_id']}/reprints"
        answers = [
            counter.post(path, {"reason": "perdu", "format": "sms"}, as_=MANAGER, key=key)
            for _ in range(2)
        ]

        assert answers[0].json() == answers[1].json()
        reveals = counter.door.get(f"/v1/sales/{sold['sale_id']}/reveals", as_=MANAGER).json()
        assert [each["kind"] for each in reveals] == ["first", "reprint", "retry"]

    def test_keeps_no_pin_anywhere(self, counter: Counter) -> None:
        sold = counter.sell(ticket="html")
        path = f"/v1/sales/{sold['sale_id']}/reprints"
        counter.post(path, {"reason": "perdu", "format": "pdf"}, as_=MANAGER)

        (pin,) = [each["pin"] for each in sold["vouchers"]]
        with committed(counter.door.schema) as shop:
            tables = shop.all(
                "SELECT table_name AS name FROM information_schema.tables"
                " WHERE table_schema = 'recharges' AND table_type = 'BASE TABLE'"
            )
            for table in tables:
                name = table["name"]
                found = shop.one(
                    f"SELECT count(*) FROM {name} AS row WHERE row::text LIKE '%%' || %s || '%%'",
                    pin,
                )
                assert (name, found) == (name, 0)

    def test_leaves_out_what_was_given_back(self, counter: Counter) -> None:
        sold = counter.sell(lines=[{"offer_code": "sfr-15", "quantity": 2}])
        path = f"/v1/sales/{sold['sale_id']}"
        first, second = (voucher["serial"] for voucher in sold["vouchers"])
        asked = {"reason": "erreur", "format": "html"}

        given_back(counter, sold["sale_id"], first)
        kept = counter.post(f"{path}/reprints", asked, as_=MANAGER)
        given_back(counter, sold["sale_id"], second)
        none = counter.post(f"{path}/reprints", asked, as_=MANAGER)

        assert kept.status_code == 201, kept.text
        assert [each["serial"] for each in kept.json()["vouchers"]] == [second]
        assert none.json()["code"] == "recharges.reprint.all_given_back"

    def test_gives_the_codes_though_the_paper_cannot_be_printed(self, counter: Counter) -> None:
        sold = counter.sell()
        with connect_as_admin(counter.door.schema) as admin:
            admin.execute("SET session_replication_role = 'replica'")
            admin.execute("DELETE FROM journal WHERE till_id = %s", (counter.till,))
        asked = {"reason": "perdu", "format": "html"}
        answer = counter.post(f"/v1/sales/{sold['sale_id']}/reprints", asked, as_=MANAGER)

        assert answer.status_code == 201, answer.text
        assert answer.json()["printed"] is None
        assert answer.json()["vouchers"] == sold["vouchers"]

    def test_needs_a_supervisor_and_a_reason(self, counter: Counter) -> None:
        path = f"/v1/sales/{counter.sell()['sale_id']}/reprints"

        assert counter.post(path, {"reason": "x"}, as_=CASHIER).status_code == 403
        assert counter.post(path, {"reason": ""}, as_=MANAGER).status_code == 422
        elsewhere = bearer("site_manager", "lyon")
        assert counter.post(path, {"reason": "x"}, as_=elsewhere).status_code == 403


def given_back(counter: Counter, sale_id: str, serial: str) -> None:
    """Ask for the refund of one voucher, which the operator has yet to answer."""
    with committed(counter.door.schema) as shop:
        refund_id = uuid4()
        shop.tx.execute(
            "INSERT INTO refund (refund_id, sale_id, till_id, site_code, amount_cents, tender,"
            " vouchers, state, reason, asked_at, asked_by)"
            " VALUES (%s, %s, %s, %s, 250, 'cash', 'refunded_by_operator', 'asked', 'x', now(),"
            " %s)",
            (refund_id, sale_id, counter.till, SITE, uuid4()),
        )
        shop.tx.execute(
            "INSERT INTO refund_voucher (refund_id, batch_id, position, taking)"
            " SELECT %s, batch_id, position, taking FROM sale_voucher"
            " JOIN voucher USING (batch_id, position) WHERE sale_id = %s AND serial = %s",
            (refund_id, sale_id, serial),
        )


class TestTicket:
    @pytest.mark.parametrize("format", [*MEDIA])
    def test_comes_with_the_sale_where_it_is_asked_for(self, counter: Counter, format: str) -> None:
        sold = counter.sell(ticket=format)

        printed = sold["printed"]
        assert (printed["format"], printed["media_type"]) == (format, MEDIA[format])
        (voucher,) = sold["vouchers"]
        if MEDIA[format].startswith("text/"):
            text = printed["content"].replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
            assert "DUPLICATA" not in text
            assert voucher["serial"] in text
            if format == "html":
                fours = [voucher["pin"][place : place + 4] for place in range(0, 14, 4)]
                assert all(four in text for four in fours)
            else:
                assert voucher["pin"] in text
        else:
            start = {"pdf": b"%PDF", "escpos": b"\x1b@"}[format]
            assert base64.b64decode(printed["content"]).startswith(start)

    def test_comes_in_several_formats_with_the_same_codes(self, counter: Counter) -> None:
        sold = counter.sell(tickets=["html", "sms", "escpos"])

        assert [each["format"] for each in sold["papers"]] == ["html", "sms", "escpos"]
        assert sold["printed"] is None
        (voucher,) = sold["vouchers"]
        assert voucher["pin"] in sold["papers"][1]["content"]

    def test_is_not_printed_unless_it_is_asked_for(self, counter: Counter) -> None:
        sold = counter.sell()

        assert (sold["printed"], sold["papers"]) == (None, [])

    @pytest.mark.parametrize("format", [*MEDIA])
    def test_is_looked_at_without_its_codes_and_says_duplicata(
        self, counter: Counter, format: str
    ) -> None:
        sold = counter.sell()
        shown = counter.door.get(f"/v1/sales/{sold['sale_id']}/ticket", as_=CASHIER, format=format)

        assert shown.status_code == 200, shown.text
        assert shown.headers["Content-Type"] == MEDIA[format]
        if format != "pdf":
            assert b"DUPLICATA" in shown.content
        (pin,) = [each["pin"] for each in sold["vouchers"]]
        flat = shown.content.replace(b" ", b"")
        assert pin.encode() not in flat

    def test_is_signed_with_a_key_whose_public_half_is_kept(self, counter: Counter) -> None:
        counter.sell()

        with committed(counter.door.schema) as shop:
            kept = shop.all("SELECT key_id, public_key FROM journal_key")
        assert {row["key_id"]: row["public_key"] for row in kept} == KEYS.public_keys()

    def test_shows_what_an_inspector_and_a_customer_look_for(self, counter: Counter) -> None:
        sold = counter.sell(ticket="html")
        content = sold["printed"]["content"]

        with committed(counter.door.schema) as shop:
            signature = shop.one(
                "SELECT signature FROM journal WHERE till_id = %s AND kind = 'ticket'",
                counter.till,
            )
        written = base64.urlsafe_b64encode(signature).decode()
        assert written[2] + written[6] + written[12] + written[18] in content
        assert f"{sold['cap']['left_cents'] // 100},50" in content
        voucher = sold["vouchers"][0]
        assert voucher["use_by"][:4] in content
        for words in ("À utiliser au plus tard le", "Reste à acheter", "opérateur"):
            assert words in content


class TestReading:
    """What a till reads while it sells."""

    def test_says_what_is_left_of_a_month_and_why_somebody_may_not_buy(
        self, counter: Counter
    ) -> None:
        with committed(counter.door.schema) as shop:
            other = shop.entitle(cap_cents=3_000)
            aliases.learn(shop.tx, [merged(counter.person, other)])
            stranger = uuid4()
        sold = counter.sell()

        shown = counter.door.get(f"/v1/people/{other}/cap").json()
        refused = counter.door.get(f"/v1/people/{stranger}/cap")

        assert shown == {
            "month": f"{TODAY:%Y-%m}",
            "cap_cents": 100_000,
            "left_cents": 100_000 - sold["total_cents"],
            "counts": "price",
        }
        assert shown["left_cents"] == sold["cap"]["left_cents"]
        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "recharges.entitlement.missing",
        )

    def test_lists_the_sales_of_a_till_the_latest_first(self, counter: Counter) -> None:
        first, second = counter.sell(), counter.sell(tickets=["html"])
        counter.post(f"/v1/sales/{first['sale_id']}/reprints", {"reason": "lu"}, as_=MANAGER)
        refunds = f"/v1/sales/{first['sale_id']}/refunds"
        refund = counter.post(refunds, {"reason": "rejeté"}, as_=MANAGER).json()
        path = f"/v1/tills/{counter.till}/sales"

        page = counter.door.get(path, limit="1")
        rest = counter.door.get(path, after=str(second["ticket_no"]))

        assert [each["sale_id"] for each in page.json()] == [second["sale_id"]]
        assert 'rel="next"' in page.headers["Link"]
        (shown,) = rest.json()
        assert shown.pop("sold_at").startswith(str(TODAY.year))
        assert shown == {
            "sale_id": first["sale_id"],
            "ticket_no": first["ticket_no"],
            "tender": "cash",
            "total_cents": first["total_cents"],
            "lines": [{"offer_code": "sfr-15", "quantity": 1}],
            "revealed": True,
            "copies": 1,
            "refunds": [
                {
                    "refund_id": refund["refund_id"],
                    "state": "asked",
                    "amount_cents": first["total_cents"],
                }
            ],
        }
        assert "pin" not in rest.text

    def test_names_the_drawer_of_each_till(self, counter: Counter) -> None:
        before = self.till(counter)
        session = counter.open()
        after = self.till(counter)

        assert before["drawer"] is None
        assert after["drawer"] == {
            "drawer_session_id": session,
            "business_date": str(TODAY),
            "state": "open",
            "held_by": None,
        }

    @staticmethod
    def till(counter: Counter) -> dict[str, Any]:
        shown = counter.door.get("/v1/tills").json()
        (till,) = [each for each in shown if each["till_id"] == str(counter.till)]
        return dict(till)
