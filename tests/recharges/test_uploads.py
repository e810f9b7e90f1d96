"""Sales that a till made by itself and sends up, through the service's own functions."""

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from chassis.auth import Caller
from kernel.refusal import Forbidden
from services.recharges.domain import lease as rules
from services.recharges.domain.cap import CapExceeded
from services.recharges.domain.sale import TillFrozen
from services.recharges.handlers import leases
from tests.recharges.build import NOON, SITE, an_order
from tests.recharges.counter import HOUR, MANAGER, SELLER, STRANGER, Counter, pen, states, used
from tests.recharges.device import chained, record_of
from tests.recharges.shop import Shop, done


@pytest.fixture
def counter(shop: Shop) -> Counter:
    shop.stock_up(20)
    return Counter(shop=shop)


class TestUpload:
    def test_books_each_sale_once_with_its_own_time(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=3000)
        lease_id = counter.take(5, person)
        first = counter.sell(lease_id, person, tendered_cents=2000)
        counter.sell(lease_id, person, quantity=2, at=NOON + HOUR + HOUR / 2)

        assert counter.upload() == [("accepted", None)] * 2

        sales = shop.all("SELECT * FROM sale ORDER BY ticket_no")
        assert str(sales[0]["sale_id"]) == first["sale_id"]
        assert [(sale["ticket_no"], sale["sold_at"]) for sale in sales] == [
            (1, NOON + HOUR),
            (2, NOON + HOUR + HOUR / 2),
        ]
        assert [sale["change_cents"] for sale in sales] == [1750, 0]
        assert shop.one("SELECT sum(amount_cents)::int FROM cash_line") == 750
        assert states(shop) == {"available": 15, "leased": 2, "sold_out": 3}
        offline_of = "SELECT record::json->'offline'->>'hash' FROM journal WHERE kind = 'ticket'"
        assert shop.one(f"{offline_of} AND sequence = 1") == first["hash"]
        assert shop.one("SELECT count(*) FROM outbox WHERE type LIKE '%%sale.completed%%'") == 2

    def test_counts_what_was_set_aside_only_once(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=1000)
        lease_id = counter.take(4, person, cents=500)
        for _ in range(3):  # the third is beyond the allowance, and within the month
            counter.sell(lease_id, person)

        assert counter.upload() == [("accepted", None)] * 3

        assert used(shop, person) == 750
        left = shop.all("SELECT cap_left_cents FROM sale ORDER BY ticket_no")
        assert [row["cap_left_cents"] for row in left] == [750, 500, 250]
        counter.give_back(lease_id)
        assert used(shop, person) == 750

    def test_knows_again_what_was_accepted(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        lines = [counter.sell(lease_id, person) for _ in range(3)]
        counter.upload(lines[:2])

        assert counter.upload(lines) == [("known", None), ("known", None), ("accepted", None)]
        assert counter.upload(lines) == [("known", None)] * 3
        assert counter.shop.one("SELECT count(*) FROM sale") == 3

    def test_of_a_fork_freezes_the_till_and_keeps_it(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person)
        before = counter.device.chain
        lines = [counter.sell(lease_id, person) for _ in range(2)]
        counter.upload(lines)
        forged = record_of(lines[0]) | {"person_ref": str(uuid4())}

        outcome = counter.upload([chained(forged, before["hash"])])

        assert outcome == [("refused", "recharges.offline.fork")]
        assert shop.one("SELECT frozen_why FROM till") == "recharges.offline.fork"
        assert shop.one("SELECT count(*) FROM offline_refusal") == 1
        assert counter.events()[-2:] == ["offline_refused", "device_frozen"]
        with pytest.raises(TillFrozen):
            counter.take(1)
        assert isinstance(shop.sell([an_order(counter.till_id, person)])[0], TillFrozen)

    def test_takes_nothing_behind_a_refused_line(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        lines = [counter.sell(lease_id, person) for _ in range(4)]
        del lines[1]

        assert counter.upload(lines) == [
            ("accepted", None),
            ("refused", "recharges.offline.chain_broken"),
            ("refused", "recharges.offline.after_refused"),
        ]
        assert counter.shop.one("SELECT count(*) FROM sale") == 1
        assert counter.shop.one("SELECT count(*) FROM offline_refusal") == 2

    def test_of_a_frozen_till_knows_what_it_knew_and_no_more(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person)
        lines = [counter.sell(lease_id, person) for _ in range(3)]
        counter.upload([lines[0], lines[2]])

        assert counter.upload(lines) == [
            ("known", None),
            ("refused", "recharges.till.frozen"),
            ("refused", "recharges.till.frozen"),
        ]
        unfrozen = leases.unfreeze(
            shop.tx,
            counter.till_id,
            reason="seen",
            caller=MANAGER,
            language="en",
            pen=pen(NOON, MANAGER),
        )
        assert unfrozen.frozen_why == "recharges.offline.chain_broken"
        assert unfrozen.frozen_detail.startswith("Sales were sent up that do not follow")
        assert counter.upload(lines)[1:] == [("accepted", None)] * 2
        assert "device_unfrozen" in counter.events()

    def test_beyond_the_cap_is_refused(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=300)
        lease_id = counter.take(5, person)
        lines = [counter.sell(lease_id, person) for _ in range(2)]

        assert counter.upload(lines)[1] == ("refused", "recharges.offline.no_allowance")
        assert used(shop, person) == 300  # 250 sold, 50 still set aside
        assert shop.one("SELECT frozen_at IS NOT NULL FROM till")

    def test_of_another_persons_allowance_uses_the_months(self, counter: Counter) -> None:
        shop, person, other = counter.shop, counter.shop.entitle(), counter.shop.entitle()
        lease_id = counter.take(5, person, cents=250)

        counter.sell(lease_id, other)

        assert counter.upload() == [("accepted", None)]
        assert (used(shop, person), used(shop, other)) == (250, 250)

    def test_notes_a_clock_that_is_off_and_refuses_one_that_is_far_off(
        self, counter: Counter
    ) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person, at=NOON + HOUR)
        counter.sell(lease_id, person, at=NOON + HOUR - timedelta(minutes=10))

        assert counter.upload() == [("accepted", None)] * 2
        assert counter.events()[-1] == "clock_skewed"
        counter.sell(lease_id, person, at=NOON - HOUR)
        assert counter.upload() == [("refused", "recharges.offline.time_broken")]

    def test_after_the_lease_was_over_is_refused(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person, at=NOON + 25 * HOUR)

        outcome = counter.upload(at=NOON + 30 * HOUR)
        assert outcome == [("refused", "recharges.offline.lease_not_held")]

    def test_in_any_order_of_vouchers_is_taken(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=9000)
        lease_id = counter.take(6, person)
        vouchers = counter.device.vouchers[lease_id]
        vouchers[:] = [vouchers[place] for place in (4, 1, 2, 5, 0, 3)]
        for _ in range(4):
            counter.sell(lease_id, person)

        assert counter.upload() == [("accepted", None)] * 4
        shop.tx.execute("SET CONSTRAINTS batch_conserved IMMEDIATE")
        assert states(shop) == {"available": 14, "leased": 2, "sold_out": 4}

    def test_goes_into_the_open_drawer_or_opens_one(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person)
        counter.upload()
        counter.sell(lease_id, person, at=NOON + 2 * HOUR)
        counter.upload(at=NOON + 3 * HOUR)

        (session,) = shop.all("SELECT * FROM drawer_session")
        assert (session["opening"], session["state"]) == ("by_sale", "open")
        assert shop.one("SELECT count(DISTINCT drawer_session_id) FROM cash_line") == 1

    @pytest.mark.parametrize("by", ["device", "cashier"])
    def test_opens_a_drawer_for_who_sends_up_not_for_who_is_said_to_have_sold(
        self, counter: Counter, by: str
    ) -> None:
        caller = SELLER if by == "cashier" else counter.itself
        shop, person = counter.shop, counter.shop.entitle()
        counter.device.seller_id = str(MANAGER.user_id)
        lease_id = counter.take(5, person, caller=caller)
        counter.sell(lease_id, person)
        counter.upload(caller=caller)

        (session,) = shop.all("SELECT opened_by, held_by FROM drawer_session")
        assert {session["opened_by"], session["held_by"]} == {caller.user_id}
        assert shop.one("SELECT sold_by FROM sale") == MANAGER.user_id

    def test_of_a_line_that_a_person_made_up_freezes_nothing_and_is_noted(
        self, counter: Counter
    ) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person, caller=SELLER)
        counter.sell(lease_id, person)
        (line,) = counter.device.unsent
        invented = chained(record_of(line) | {"sequence": 9}, "")

        refused = counter.upload([invented], caller=SELLER)

        assert refused == [("refused", "recharges.offline.chain_broken")]
        assert shop.one("SELECT frozen_at FROM till") is None
        assert counter.events()[-1] == "offline_refused"
        assert shop.one("SELECT count(*) FROM offline_refusal") == 1
        assert counter.upload(caller=SELLER) == [("accepted", None)]

    def test_of_nothing_does_nothing(self, counter: Counter) -> None:
        assert counter.upload([]) == []

    def test_of_nothing_is_refused_to_who_does_not_work_there(self, counter: Counter) -> None:
        other = Caller(user_id=uuid4(), role="till_device", site_codes=frozenset({SITE}))

        for caller in (STRANGER, other):
            with pytest.raises(Forbidden):
                counter.upload([], caller=caller)


class TestChain:
    """Who took a lease sells it on a chain of their own, which nobody else can put a sale on."""

    def test_of_a_person_begins_anew_beside_the_devices(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle(cap_cents=9000)
        lease_id = counter.take(5, person, cents=1000)
        counter.sell(lease_id, person)
        assert counter.upload() == [("accepted", None)]

        in_person = counter.in_person()
        lent = in_person.take(5, person, cents=1000, caller=SELLER)

        assert in_person.device.leases[lent]["chain"] == {"sequence": 0, "hash": ""}
        for each, caller in ((in_person, SELLER), (counter, counter.itself)) * 2:
            of = lent if each is in_person else lease_id
            each.sell(of, person)
            assert each.upload(caller=caller) == [("accepted", None)]
        chains = shop.all("SELECT device_id, sequence FROM device_chain ORDER BY sequence")
        assert [chain["sequence"] for chain in chains] == [2, 3]
        assert chains[1]["device_id"] == counter.device_id
        again = in_person.in_person().take(1, person, caller=SELLER)
        assert shop.one("SELECT count(DISTINCT chain_id) FROM lease") == 2
        assert again != lent

    def test_of_the_device_takes_no_sale_of_what_a_person_leased(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person)
        first, later = counter.sell(lease_id, person), counter.sell(lease_id, person)
        counter.upload([first])
        in_person = counter.in_person()
        lent = in_person.take(5, person, caller=SELLER)
        in_person.device.sequence, in_person.device.hash = first["sequence"], first["hash"]
        forged = in_person.sell(lent, person)

        refused = in_person.upload(caller=SELLER)

        assert refused == [("refused", "recharges.offline.chain_broken")]
        assert later["sequence"] == forged["sequence"]
        assert counter.upload([later]) == [("accepted", None)]  # and is no fork
        assert shop.one("SELECT frozen_at FROM till") is None

    @pytest.mark.parametrize("caller", [SELLER, MANAGER], ids=["cashier", "manager"])
    def test_of_the_device_takes_no_sale_of_its_own_lease_from_a_person(
        self, counter: Counter, caller: Caller
    ) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person)

        with pytest.raises(rules.OtherChain):
            counter.upload(caller=caller)
        assert counter.upload() == [("accepted", None)]

    def test_of_a_person_is_sent_up_by_that_person_or_a_supervisor(self, counter: Counter) -> None:
        person = counter.shop.entitle()
        lease_id = counter.take(5, person, caller=SELLER)
        first, second = counter.sell(lease_id, person), counter.sell(lease_id, person)
        other = Caller(user_id=uuid4(), role="till_operator", site_codes=frozenset({SITE}))

        with pytest.raises(rules.OtherChain):
            counter.upload([first])
        with pytest.raises(rules.SupervisorNeeded):
            counter.upload([first], caller=other)
        assert counter.upload([first], caller=SELLER) == [("accepted", None)]
        assert counter.upload([second], caller=MANAGER) == [("accepted", None)]

    def test_is_its_takers_in_the_database_too(self, counter: Counter) -> None:
        counter.take(1)
        lease_id = counter.take(1, caller=SELLER)

        with pytest.raises(psycopg.errors.CheckViolation):
            counter.shop.tx.execute(
                "UPDATE lease SET chain_id = device_id WHERE lease_id = %s", (UUID(lease_id),)
            )


class TestCapAtThreeTills:
    def test_holds_over_two_offline_and_one_online(self, shop: Shop) -> None:
        shop.stock_up(40)
        person = shop.entitle(cap_cents=1250)
        counters = [Counter(shop=shop), Counter(shop=shop)]
        online = shop.enrol_till()
        taken = [counter.take(5, person, cents=500) for counter in counters]
        outcomes = shop.sell([an_order(online, person) for _ in range(2)])
        for counter, lease_id in zip(counters, taken, strict=True):
            while counter.device.may_sell(lease_id, str(person), month="2026-11"):
                counter.sell(lease_id, person)

        for counter in counters:
            assert counter.upload() == [("accepted", None)] * 2

        assert done(outcomes[0]).cap.left_cents == 0
        assert isinstance(outcomes[1], CapExceeded)
        assert used(shop, person) == 1250
        assert shop.one("SELECT sum(total_cents)::int FROM sale") == 1250
