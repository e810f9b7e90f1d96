"""The day of a till at the HTTP door: float, sales, X, count, Z, closings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from chassis import aliases
from kernel.period import business_date
from services.recharges.domain.journal import Period
from tests.fix_service import bearer
from tests.merges import merged
from tests.recharges.build import SITE
from tests.recharges.desk import Desk
from tests.recharges.door import committed
from tests.recharges.till_door import CASHIER, MANAGER, MEDIA, TillDoor
from tests.today import today

STRANGER = bearer("till_operator", "lyon")


class TestDrawer:
    def test_goes_through_its_day(self, counter: TillDoor) -> None:
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
        wanted = {"site_code": SITE, "from": str(today()), "limit": "200"}
        listed = counter.door.get("/v1/drawer-sessions", as_=MANAGER, **wanted)
        assert session in [each["drawer_session_id"] for each in listed.json()]

    def test_gives_more_than_the_rule_to_a_supervisor_only(self, counter: TillDoor) -> None:
        path = f"/v1/drawer-sessions/{counter.open()}/movements"
        taken = {"kind": "out", "amount_cents": 20_001, "reason": "banque"}

        alone = counter.post(path, taken)

        assert (alone.status_code, alone.json()["code"]) == (
            403,
            "recharges.drawer.cash_out_needs_supervisor",
        )
        assert counter.post(path, taken, as_=MANAGER).status_code == 201

    def test_with_a_large_gap_asks_for_another_person(self, counter: TillDoor) -> None:
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

    def test_is_handed_over_without_telling_what_is_expected(self, counter: TillDoor) -> None:
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

    def test_is_counted_once_by_many_at_once(self, counter: TillDoor) -> None:
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

    def test_says_in_french_which_coins_there_are(self, counter: TillDoor) -> None:
        answer = counter.post(f"/v1/tills/{counter.till}/drawer-sessions", {"float": {"3": 1}})

        assert answer.status_code == 422
        assert "pièces et billets" in answer.text

    def test_is_for_the_staff_of_its_site(self, counter: TillDoor) -> None:
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
    def test_prints_its_x_and_its_z(self, counter: TillDoor, format: str) -> None:
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
    def test_are_listed_by_period(self, counter: TillDoor) -> None:
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

    def test_do_not_tell_a_cashier_what_to_count(self, counter: TillDoor) -> None:
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


class TestReading:
    """What a till reads while it sells."""

    def test_says_what_is_left_of_a_month_and_why_somebody_may_not_buy(
        self, counter: TillDoor
    ) -> None:
        with committed(counter.door.schema) as shop:
            other = shop.entitle(cap_cents=3_000)
            aliases.learn(shop.tx, [merged(counter.person, other)])
            stranger = uuid4()
        sold = counter.sell()

        shown = counter.door.get(f"/v1/people/{other}/cap").json()
        refused = counter.door.get(f"/v1/people/{stranger}/cap")

        assert shown == {
            "month": f"{today():%Y-%m}",
            "cap_cents": 100_000,
            "left_cents": 100_000 - sold["total_cents"],
            "counts": "price",
        }
        assert shown["left_cents"] == sold["cap"]["left_cents"]
        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "recharges.entitlement.missing",
        )

    def test_lists_the_sales_of_a_till_the_latest_first(self, counter: TillDoor) -> None:
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
        assert business_date(datetime.fromisoformat(shown.pop("sold_at"))) == today()
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

    def test_names_the_drawer_of_each_till(self, counter: TillDoor) -> None:
        before = self.till(counter)
        session = counter.open()
        after = self.till(counter)

        assert before["drawer"] is None
        assert after["drawer"] == {
            "drawer_session_id": session,
            "business_date": str(today()),
            "state": "open",
            "held_by": None,
        }

    @staticmethod
    def till(counter: TillDoor) -> dict[str, Any]:
        shown = counter.door.get("/v1/tills").json()
        (till,) = [each for each in shown if each["till_id"] == str(counter.till)]
        return dict(till)
