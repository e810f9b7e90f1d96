"""Leases and offline sales through the service's own functions, on a real schema."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag

from chassis.auth import Caller
from kernel.refusal import Refusal
from services.recharges.api import leases as api
from services.recharges.domain import batch
from services.recharges.domain import lease as rules
from services.recharges.domain.cap import CapExceeded
from services.recharges.domain.sale import TillRevoked
from services.recharges.handlers import leases
from tests.recharges.build import NOON, SITE, an_order
from tests.recharges.counter import HOUR, MANAGER, SELLER, STRANGER, Counter, pen, states, used
from tests.recharges.shop import Shop
from tests.recharges.staff import a_call, last_batch, release


@pytest.fixture
def counter(shop: Shop) -> Counter:
    shop.stock_up(20)
    return Counter(shop=shop)


class TestLease:
    def test_boxes_pins_that_only_its_own_key_opens(self, shop: Shop) -> None:
        lines = {line["serial"]: line["pin"] for line in shop.stock_up(3)}
        counter = Counter(shop=shop)

        lease_id = counter.take(3)

        vouchers = counter.device.vouchers[lease_id]
        opened = {each["serial"]: counter.device.open(lease_id, each) for each in vouchers}
        assert opened == lines
        first, second, _ = vouchers
        with pytest.raises(InvalidTag):
            counter.device.open(lease_id, first | {"box": second["box"]})

    def test_takes_vouchers_off_sale_and_cap_aside(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=1000)

        lease_id = counter.take(5, person, cents=600)

        assert states(shop) == {"available": 15, "leased": 5}
        assert counter.device.allowances == {(str(person), "2026-11"): 600}
        assert used(shop, person) == 600
        assert shop.one("SELECT count FROM lease WHERE lease_id = %s", lease_id) == 5
        order = an_order(counter.till_id, person, ("sfr-15", 2))
        assert isinstance(shop.sell([order])[0], CapExceeded)
        assert counter.events() == ["lease_taken"]

    def test_sets_aside_no_more_than_is_left_whoever_asks(self, counter: Counter) -> None:
        person = counter.shop.entitle(cap_cents=1000)
        ended = counter.shop.entitle(until="2026-11-01")
        ending = counter.shop.entitle(until="2026-11-22")  # today is the last day

        counter.take(1, person, cents=700)
        counter.take(1, person, ended, ending, cents=700)

        assert counter.device.allowances == {
            (str(person), "2026-11"): 1000,
            (str(ended), "2026-11"): 0,
            (str(ending), "2026-11"): 0,
        }

    @pytest.mark.parametrize("quantity", [101, 21])
    def test_is_refused_beyond_what_a_till_may_hold(self, shop: Shop, quantity: int) -> None:
        shop.stock_up(200)
        counter = Counter(shop=shop)
        counter.take(80)

        with pytest.raises(rules.LeaseTooLarge):
            counter.take(quantity)
        counter.take(20)

    def test_is_for_the_tills_own_site_and_device(self, counter: Counter) -> None:
        counter.take(1, caller=counter.itself)
        other = Caller(user_id=uuid4(), role="till_device", site_codes=frozenset({SITE}))

        for caller in (STRANGER, other):
            with pytest.raises(Refusal):
                counter.take(1, caller=caller)


class TestReturn:
    def test_puts_back_what_was_not_sold_and_not_used(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person)
        assert used(shop, person) == 3000
        counter.sell(lease_id, person)
        counter.upload()

        shown = counter.give_back(lease_id)

        assert (shown.state, shown.count, shown.sold) == ("returned", 5, 1)
        assert states(shop) == {"available": 19, "sold_out": 1}
        assert used(shop, person) == 250
        assert counter.events()[-1] == "lease_returned"

    def test_twice_is_once(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person)

        assert counter.give_back(lease_id) == counter.give_back(lease_id)

        assert states(shop) == {"available": 20}
        assert used(shop, person) == 0
        assert counter.events().count("lease_returned") == 1

    def test_waits_for_the_sales_that_were_not_sent_up(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person)

        with pytest.raises(rules.SalesMissing):
            counter.give_back(lease_id)
        counter.upload()
        assert counter.give_back(lease_id).state == "returned"

    def test_of_a_silent_device_is_a_supervisors(self, counter: Counter) -> None:
        lease_id = counter.take(5)

        with pytest.raises(rules.ChainUnsaid):
            counter.give_back(lease_id, said=False)
        assert counter.give_back(lease_id, said=False, caller=MANAGER).state == "returned"

    def test_ends_what_the_lease_could_sell(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.give_back(lease_id)
        counter.sell(lease_id, person)

        assert counter.upload() == [("refused", "recharges.offline.lease_not_held")]

    def test_of_what_a_person_took_is_set_aside_until_another_releases_it(
        self, counter: Counter
    ) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person, caller=SELLER)
        taken = shop.all("SELECT leased_by, by_device FROM lease")
        assert taken == [{"leased_by": SELLER.user_id, "by_device": False}]

        assert counter.give_back(lease_id, caller=SELLER).state == "returned"

        assert states(shop) == {"available": 15, "quarantined": 5}
        assert used(shop, person) == 0
        moved = shop.all("SELECT what, moved_by FROM stock_move WHERE what = 'quarantined'")
        assert moved == [{"what": "quarantined", "moved_by": SELLER.user_id}]
        assert release(shop, last_batch(shop)).vouchers == 5
        assert states(shop) == {"available": 20}

    def test_of_what_a_supervisor_took_is_not_released_by_that_supervisor(
        self, counter: Counter
    ) -> None:
        shop = counter.shop
        boss = a_call()
        lease_id = counter.take(5, caller=boss.caller)
        counter.give_back(lease_id, caller=MANAGER)

        for caller in (boss.caller, MANAGER):  # one may know the PINs, the other set them aside
            with pytest.raises(batch.ReleasedAlone):
                release(shop, last_batch(shop), call=a_call(user_id=caller.user_id))
        assert release(shop, last_batch(shop)).vouchers == 5

    def test_in_person_of_what_the_device_took_is_set_aside(self, counter: Counter) -> None:
        lease_id = counter.take(5)

        counter.give_back(lease_id, caller=MANAGER, said=False)

        assert states(counter.shop) == {"available": 15, "quarantined": 5}

    def test_by_the_device_of_what_a_person_took_is_refused(self, counter: Counter) -> None:
        lease_id = counter.take(5, caller=SELLER)

        with pytest.raises(rules.OtherHands):
            counter.give_back(lease_id)

    def test_by_a_cashier_of_what_the_device_took_is_refused(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        answered = api.ReturnLease.model_validate({"chain": counter.device.chain})
        counter.sell(lease_id, person)  # and its sale is not sent up yet

        with pytest.raises(rules.OtherHands):
            leases.return_lease(
                counter.shop.tx, UUID(lease_id), answered, caller=SELLER, pen=pen(NOON, SELLER)
            )
        assert counter.upload() == [("accepted", None)]
        assert counter.give_back(lease_id).sold == 1

    def test_by_a_cashier_of_what_another_cashier_took_is_refused(self, counter: Counter) -> None:
        lease_id = counter.take(5, caller=SELLER)
        other = Caller(user_id=uuid4(), role="till_operator", site_codes=frozenset({SITE}))

        with pytest.raises(rules.OtherHands):
            counter.give_back(lease_id, caller=other)


class TestLostDevice:
    def test_freezes_no_till_by_what_it_is_said_to_have_sold(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person)
        for _ in range(2):
            counter.sell(lease_id, person)
        counter.lose()

        refused = counter.upload(counter.device.unsent[1:], caller=MANAGER)

        assert refused == [("refused", "recharges.offline.chain_broken")]
        assert shop.one("SELECT frozen_at FROM till") is None

    def test_freezes_what_it_had_not_sold_and_gives_the_cap_back(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person)
        counter.upload()

        counter.lose()
        counter.lose()

        assert states(shop) == {"available": 15, "frozen": 4, "sold_out": 1}
        assert used(shop, person) == 250
        assert shop.one("SELECT state FROM lease") == "revoked"
        with pytest.raises(TillRevoked):
            counter.take(1)

    def test_found_again_is_sent_up_by_a_supervisor(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person)
        counter.lose()

        with pytest.raises(rules.SupervisorNeeded):
            counter.upload(caller=SELLER)
        with pytest.raises(rules.OtherDevice):
            counter.upload(caller=counter.itself)
        assert counter.upload(caller=MANAGER) == [("accepted", None)]
        assert states(shop) == {"available": 15, "frozen": 4, "sold_out": 1}
        assert used(shop, person) == 250

    def test_sells_nothing_after_it_was_lost(self, counter: Counter) -> None:
        person = counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person)
        counter.lose(at=NOON + HOUR)
        counter.sell(lease_id, person, at=NOON + HOUR + timedelta(minutes=1))

        outcome = counter.upload(caller=MANAGER)
        assert outcome == [("refused", "recharges.offline.lease_not_held")]
        assert counter.shop.one("SELECT frozen_at FROM till") is None


class TestExpiredLease:
    def test_is_noted_once_and_keeps_what_it_holds(self, counter: Counter) -> None:
        shop = counter.shop
        counter.take(5)
        late = pen(NOON + 25 * HOUR, None)

        assert leases.warn_of_expired(shop.tx, pen=pen(NOON + 23 * HOUR, None)) == 0
        assert leases.warn_of_expired(shop.tx, pen=late) == 1
        assert leases.warn_of_expired(shop.tx, pen=late) == 0

        assert states(shop) == {"available": 15, "leased": 5}
        assert counter.events() == ["lease_taken", "lease_expired"]
