"""What happens to a device after its sale, what is heard and shown, and any life at all."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chassis.auth import OtherSite as NotYourSite
from chassis.db import Transaction
from kernel.refusal import Refusal
from services.equipment import api, handlers
from services.equipment.domain import device as life
from services.equipment.domain.device import State
from services.equipment.domain.kind import Grade, Kind
from services.equipment.domain.repair import RepairClosed
from services.equipment.domain.wipe import Method
from tests.equipment.build import (
    ELSEWHERE,
    HERE,
    NOON,
    PERSON,
    TODAY,
    Workshop,
    a_call,
    a_caller,
    a_site,
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


class TestRepair:
    def test_lengthens_the_legal_guarantee_once_it_is_closed(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.sell(device_id)
        opened = workshop.repair(device_id)
        assert (opened.state, opened.due_on) == (State.IN_REPAIR, date(2026, 12, 20))
        assert opened.guarantee.legal_until == date(2028, 11, 20)

        closed = handlers.close_repair(
            workshop.tx,
            api.CloseRepair(closed_on=TODAY + timedelta(days=4)),
            repair_id=opened.repair_id,
            call=a_call(now=NOON + timedelta(days=5)),
        )
        assert (closed.state, closed.guarantee.suspended_days) == (State.SOLD, 4)
        assert closed.guarantee.legal_until == date(2029, 5, 20)
        commit_check(workshop.tx)

    def test_may_be_written_down_after_the_fact(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.sell(device_id)
        assert workshop.repair(device_id, closed_on=TODAY).state is State.SOLD
        again = workshop.repair(device_id, closed_on=TODAY)
        assert again.guarantee.legal_until == date(2029, 11, 20)

    def test_refuses_to_close_twice(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.sell(device_id)
        first = workshop.repair(device_id, closed_on=TODAY)
        workshop.repair(device_id)
        with pytest.raises(RepairClosed):
            handlers.close_repair(
                workshop.tx,
                api.CloseRepair(closed_on=TODAY),
                repair_id=first.repair_id,
                call=workshop.call,
            )

    def test_refuses_a_device_that_nobody_bought(self, workshop: Workshop) -> None:
        with pytest.raises(life.OnTheShelf):
            workshop.repair(workshop.ready())


class TestRetire:
    def test_lets_a_device_go_once_its_data_is_gone(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        workshop.test(device_id, failing=["screen"])
        assert workshop.retire(device_id).state is State.END_OF_LIFE
        with pytest.raises(life.AtItsEnd):
            workshop.wipe(device_id)

    def test_keeps_a_device_that_still_holds_data(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        with pytest.raises(life.NotWiped):
            workshop.retire(device_id)
        workshop.wipe(device_id, passed=False)
        with pytest.raises(life.FailedWipe):
            workshop.retire(device_id)


class TestHear:
    def test_keeps_the_newer_entitlement_whatever_the_order(self, tx: Transaction) -> None:
        person_ref = uuid4()
        opened = an_entitlement(person_ref=person_ref, sequence=1)
        renewed = an_entitlement(
            person_ref=person_ref,
            sequence=2,
            until_on=TODAY + timedelta(days=540),
            renewed=True,
        )
        assert handlers.learn_entitlements(tx, [renewed]) == []
        assert handlers.learn_entitlements(tx, [opened]) == [opened.id]
        [row] = tx.execute(
            "SELECT until_on FROM entitlement WHERE person_ref = %s", (person_ref,)
        ).fetchall()
        assert row["until_on"] == TODAY + timedelta(days=540)

    def test_applies_both_of_one_batch_in_their_order(self, tx: Transaction) -> None:
        person_ref = uuid4()
        told = [
            an_entitlement(person_ref=person_ref, sequence=number, renewed=number > 1)
            for number in (3, 1, 2)
        ]
        assert handlers.learn_entitlements(tx, told) == []
        [row] = tx.execute(
            "SELECT sequence FROM entitlement WHERE person_ref = %s", (person_ref,)
        ).fetchall()
        assert row["sequence"] == 3

    def test_keeps_a_sites_newer_name(self, tx: Transaction) -> None:
        old, new = a_site("lyon", name="Old", sequence=1), a_site("lyon", name="New", sequence=2)
        assert handlers.learn_sites(tx, [new]) == []
        assert handlers.learn_sites(tx, [old]) == [old.id]


class TestRead:
    def test_never_shows_a_buyer_beside_an_imei(self, workshop: Workshop) -> None:
        imei = an_imei()
        device_id = workshop.ready(kind=Kind.PHONE, imei=imei)
        sale = workshop.sell(device_id)
        workshop.repair(device_id, closed_on=TODAY)
        history = handlers.get_device(workshop.tx, device_id=device_id, call=workshop.call)
        receipt = handlers.get_sale(workshop.tx, sale_id=sale.sale_id, call=workshop.call)

        assert history.imei == imei
        assert str(PERSON) not in history.model_dump_json()
        assert imei not in receipt.model_dump_json()
        assert receipt == sale
        assert [step.state for step in history.history] == [
            "received", "wiped", "tested", "ready", "sold", "in_repair", "sold",
        ]  # fmt: skip
        assert history.guarantee is not None
        assert history.guarantee.legal_until == date(2029, 5, 20)

    def test_lists_the_callers_site_page_by_page(self, workshop: Workshop) -> None:
        ids = sorted(workshop.ready() for _ in range(3))
        page = api.DevicePage(site_code=HERE, state=State.READY, limit=2)
        first = handlers.list_devices(workshop.tx, page, call=a_call())
        assert first.last is not None
        next_page = page.model_copy(update={"after": UUID(first.last)})
        rest = handlers.list_devices(workshop.tx, next_page, call=a_call())
        assert [line.device_id for line in [*first.items, *rest.items]] == ids
        assert rest.last is None
        assert {line.price_cents for line in first.items} == {6000}

    def test_hides_another_site(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        stranger = a_caller(sites=(ELSEWHERE,))
        shown = handlers.list_devices(workshop.tx, api.DevicePage(), call=a_call(stranger))
        assert shown.items == []
        page = api.DevicePage(site_code=HERE)
        with pytest.raises(NotYourSite):
            handlers.list_devices(workshop.tx, page, call=a_call(stranger))
        with pytest.raises(NotYourSite):
            handlers.get_device(workshop.tx, device_id=device_id, call=a_call(stranger))


VERBS = {
    "wipe": lambda shop, device_id: shop.wipe(device_id),
    "fail_wipe": lambda shop, device_id: shop.wipe(device_id, passed=False),
    "destroy": lambda shop, device_id: shop.wipe(device_id, method=Method.DESTROY),
    "test": lambda shop, device_id: shop.test(device_id, kind=Kind.PHONE),
    "fail_test": lambda shop, device_id: shop.test(device_id, kind=Kind.PHONE, failing=["screen"]),
    "grade": lambda shop, device_id: shop.grade(device_id, grade=Grade.A),
    "sell": lambda shop, device_id: shop.sell(device_id),
    "repair": lambda shop, device_id: shop.repair(device_id, closed_on=TODAY),
}


_WAY = ("wipe", "test", "grade", "sell")
_WIPES = ("wipe", "fail_wipe", "destroy")
_TESTS = ("test", "fail_test")
_noise = st.lists(st.sampled_from(sorted(VERBS)), max_size=2)


class TestAnyLife:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(noises=st.tuples(_noise, _noise, _noise, _noise, _noise))
    def test_sells_only_what_was_last_wiped_then_tested_then_graded(
        self, workshop: Workshop, noises: tuple[list[str], ...]
    ) -> None:
        device_id = workshop.enter(kind="phone")
        # The way to a sale, with anything at all happening on it.
        way = [[*noise, verb] for noise, verb in zip(noises, [*_WAY, "repair"], strict=True)]
        done = [verb for verbs in way for verb in verbs if self.happens(workshop, device_id, verb)]
        commit_check(workshop.tx)
        workshop.tx.execute("SET CONSTRAINTS ALL DEFERRED")

        event(f"sold: {'sell' in done}")
        assert done.count("sell") <= 1
        if "sell" in done:
            before = done[: done.index("sell")]
            last_wipe = max(n for n, verb in enumerate(before) if verb in _WIPES)
            last_test = max(n for n, verb in enumerate(before) if verb in _TESTS)
            assert (before[last_wipe], before[last_test]) == ("wipe", "test")
            assert last_wipe < last_test
            assert before[-1] == "grade"

    def happens(self, workshop: Workshop, device_id: UUID, verb: str) -> bool:
        """Try a verb as one command does: what is refused leaves nothing behind."""
        try:
            with workshop.tx.transaction():
                VERBS[verb](workshop, device_id)
        except Refusal:
            return False
        return True
