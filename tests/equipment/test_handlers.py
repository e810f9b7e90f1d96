"""Equipment on a real database: one life per device, one sale, and its facts told with it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.auth import OtherSite as NotYourSite
from chassis.db import Transaction
from kernel.refusal import Refusal
from services.equipment import api, handlers
from services.equipment.domain import device as life
from services.equipment.domain import identity
from services.equipment.domain.day import DayInFuture, DayTooEarly
from services.equipment.domain.device import State
from services.equipment.domain.entitlement import EntitlementNotInForce, EntitlementUnknown
from services.equipment.domain.functional_test import ChecksDiffer
from services.equipment.domain.kind import Kind
from services.equipment.domain.lot import LotCodeTaken, LotUnknown, SiteUnknown
from services.equipment.domain.sale import OtherSite, TenderedTooLittle
from services.equipment.domain.wipe import Method
from tests.equipment.build import (
    ELSEWHERE,
    HERE,
    PERSON,
    TODAY,
    Workshop,
    a_call,
    a_caller,
    an_entitlement,
    an_imei,
)


def facts(tx: Transaction) -> list[dict[str, Any]]:
    return tx.execute(
        "SELECT type, subject, sequence, data FROM outbox ORDER BY position"
    ).fetchall()


def commit_check(tx: Transaction) -> None:
    """Run the checks that wait for the commit."""
    tx.execute("SET CONSTRAINTS ALL IMMEDIATE")


class TestEnter:
    def test_tells_what_was_received_without_its_numbers(self, workshop: Workshop) -> None:
        imei = an_imei()
        device_id = workshop.enter(kind="phone", imei=imei)

        [fact] = facts(workshop.tx)
        assert fact["type"] == "equipment.device.received.v1"
        assert fact["subject"] == str(device_id)
        assert imei not in str(fact)
        commit_check(workshop.tx)

    def test_refuses_a_lot_code_twice(self, workshop: Workshop) -> None:
        workshop.enter_lot(lot_code="LOT-2026-11-001")
        with pytest.raises(LotCodeTaken):
            workshop.enter_lot(lot_code="LOT-2026-11-001")

    def test_refuses_a_lot_of_tomorrow(self, workshop: Workshop) -> None:
        with pytest.raises(DayInFuture):
            workshop.enter_lot(received_on=TODAY + timedelta(days=1))

    def test_refuses_an_unknown_site_even_to_an_administrator(self, tx: Transaction) -> None:
        admin = Workshop(tx=tx, call=a_call(a_caller("admin", sites=())))
        with pytest.raises(SiteUnknown):
            admin.enter_lot(site_code="atlantis")

    def test_refuses_another_site(self, workshop: Workshop) -> None:
        with pytest.raises(NotYourSite):
            workshop.enter_lot(site_code=ELSEWHERE)
        with pytest.raises(NotYourSite):
            workshop.enter(site_code=ELSEWHERE)

    def test_refuses_an_unknown_lot(self, workshop: Workshop) -> None:
        with pytest.raises(LotUnknown):
            workshop.enter(lot_id=uuid4())

    def test_refuses_the_same_imei_however_it_is_written(self, workshop: Workshop) -> None:
        imei = an_imei()
        workshop.enter(kind="phone", imei=imei)
        with pytest.raises(identity.KnownAlready):
            workshop.enter(kind="tablet", imei=f"{imei[:2]} {imei[2:8]}-{imei[8:]}", serial=None)

    def test_refuses_the_same_serial_in_another_case(self, workshop: Workshop) -> None:
        workshop.enter(serial="pf-0abc")
        with pytest.raises(identity.KnownAlready):
            workshop.enter(serial="PF-0 ABC", kind="desktop")

    def test_refuses_a_blocked_imei(self, workshop: Workshop) -> None:
        imei = an_imei()
        body = api.BlockImei(imei=imei, reason="Declared stolen")
        for _ in range(2):
            handlers.block_imei(workshop.tx, body, call=a_call(a_caller("admin")))
        with pytest.raises(identity.ImeiBlocked):
            workshop.enter(kind="phone", imei=imei)


class TestWipe:
    def test_failing_does_not_look_green(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        assert workshop.wipe(device_id, passed=False).state is State.WIPE_FAILED
        with pytest.raises(life.FailedWipe):
            workshop.test(device_id)

    def test_may_be_done_again_after_a_failure(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id, passed=False)
        assert workshop.wipe(device_id).state is State.WIPED

    def test_destroys_a_phone_but_only_the_disk_of_a_computer(self, workshop: Workshop) -> None:
        phone, laptop = workshop.enter(kind="phone"), workshop.enter()
        assert workshop.wipe(phone, method=Method.DESTROY).state is State.DESTROYED
        assert workshop.wipe(laptop, method=Method.DESTROY).state is State.WIPED

    def test_refuses_a_day_before_the_lot_and_one_to_come(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        with pytest.raises(DayTooEarly):
            workshop.wipe(device_id, on=date(2026, 11, 10))
        with pytest.raises(DayInFuture):
            workshop.wipe(device_id, on=TODAY + timedelta(days=1))


class TestFunctionalTest:
    def test_fails_for_one_function(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        answer = workshop.test(device_id, failing=["camera"])
        assert (answer.state, answer.failed) == (State.TEST_FAILED, ["camera"])
        with pytest.raises(life.FailedTest):
            workshop.grade(device_id)

    def test_refuses_a_list_with_a_function_missing(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        body = api.RecordTest(checks={"screen": True})
        with pytest.raises(ChecksDiffer):
            handlers.record_test(workshop.tx, body, device_id=device_id, call=workshop.call)

    def test_refuses_a_device_with_its_former_owners_data(self, workshop: Workshop) -> None:
        with pytest.raises(life.NotWiped):
            workshop.test(workshop.enter())

    def test_refuses_a_test_older_than_the_wipe(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        with pytest.raises(DayTooEarly):
            workshop.test(device_id, on=TODAY - timedelta(days=1))

    def test_is_needed_again_after_another_wipe(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        workshop.test(device_id)
        workshop.wipe(device_id)
        with pytest.raises(life.NotTested):
            workshop.grade(device_id)


class TestGrade:
    def test_makes_the_device_ready_at_its_price(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        assert facts(workshop.tx)[-1] == {
            "type": "equipment.device.ready.v1",
            "subject": str(device_id),
            "sequence": 2,
            "data": {
                "device_id": str(device_id),
                "site_code": HERE,
                "kind": "laptop",
                "condition": "used",
                "grade": "B",
                "price_cents": 6000,
            },
        }

    def test_says_refurbished_only_now(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        before = handlers.get_device(workshop.tx, device_id=device_id, call=workshop.call)
        workshop.wipe(device_id)
        workshop.test(device_id)
        assert before.label == "d’occasion, non vérifié"
        assert workshop.grade(device_id).label == "reconditionné"


class TestSell:
    def test_gives_change_and_the_guarantee_and_tells_both(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        sale = workshop.sell(device_id)

        assert (sale.price_cents, sale.change_cents) == (6000, 1000)
        assert sale.guarantee.legal_until == date(2028, 11, 20)
        told = facts(workshop.tx)[-1]
        assert (told["type"], told["sequence"]) == ("equipment.device.sold.v1", 3)
        assert told["data"] == {
            "device_id": str(device_id),
            "sale_id": str(sale.sale_id),
            "site_code": HERE,
            "person_ref": str(PERSON),
            "kind": "laptop",
            "condition": "used",
            "grade": "B",
            "price_cents": 6000,
            "tender": "cash",
            "business_date": "2026-11-20",
            "guarantee": {
                "sold_on": "2026-11-20",
                "handover_on": "2026-11-20",
                "starts_on": "2026-11-20",
                "commercial_until": "2027-11-20",
                "presumption_until": "2027-11-20",
                "legal_until": "2028-11-20",
            },
        }
        commit_check(workshop.tx)

    def test_asks_one_hundred_euros_for_a_new_device(self, workshop: Workshop) -> None:
        device_id = workshop.ready(condition="new")
        sale = workshop.sell(device_id, tendered_cents=10_000)
        assert (sale.price_cents, sale.change_cents, sale.label) == (10_000, 0, "neuf")
        assert sale.guarantee.presumption_until == date(2028, 11, 20)

    def test_counts_the_day_in_paris(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.call = a_call(now=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
        assert workshop.sell(device_id).business_date == date(2026, 11, 21)

    @pytest.mark.parametrize(("start", "end"), [(1, 9), (-9, 0)])
    def test_refuses_outside_the_entitlement(
        self, workshop: Workshop, start: int, end: int
    ) -> None:
        told = an_entitlement(
            from_on=TODAY + timedelta(days=start),
            until_on=TODAY + timedelta(days=end),
            sequence=2,
        )
        handlers.learn_entitlements(workshop.tx, [told])
        with pytest.raises(EntitlementNotInForce):
            workshop.sell(workshop.ready())

    def test_refuses_a_person_nobody_referred(self, workshop: Workshop) -> None:
        with pytest.raises(EntitlementUnknown):
            workshop.sell(workshop.ready(), person_ref=uuid4())

    def test_refuses_one_cent_too_little(self, workshop: Workshop) -> None:
        with pytest.raises(TenderedTooLittle):
            workshop.sell(workshop.ready(), tendered_cents=5999)

    def test_refuses_a_second_sale(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.sell(device_id)
        with pytest.raises(life.AlreadySold):
            workshop.sell(device_id)

    def test_refuses_a_device_of_another_site(self, tx: Transaction) -> None:
        both = Workshop(tx=tx, call=a_call(a_caller(sites=(HERE, ELSEWHERE))))
        with pytest.raises(OtherSite):
            both.sell(both.ready(), site_code=ELSEWHERE)

    def test_refuses_a_caller_of_another_site(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.call = a_call(a_caller(sites=(ELSEWHERE,)))
        with pytest.raises(NotYourSite):
            workshop.sell(device_id)
        with pytest.raises(NotYourSite):
            workshop.sell(device_id, site_code=ELSEWHERE)

    def test_refuses_a_phone_reported_stolen_since(self, workshop: Workshop) -> None:
        imei = an_imei()
        device_id = workshop.ready(kind=Kind.PHONE, imei=imei)
        handlers.block_imei(
            workshop.tx, api.BlockImei(imei=imei, reason="Stolen"), call=a_call(a_caller("admin"))
        )
        with pytest.raises(identity.ImeiBlocked):
            workshop.sell(device_id)

    def test_leaves_nothing_behind_when_refused(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        told = len(facts(workshop.tx))
        with pytest.raises(Refusal), workshop.tx.transaction():
            workshop.sell(device_id, tendered_cents=1)
        assert len(facts(workshop.tx)) == told
        assert workshop.tx.execute("SELECT 1 FROM sale").fetchone() is None
