"""Two references that are one person: one cap, and each their own again when it is undone."""

from uuid import uuid4

from chassis import aliases
from services.recharges.domain.cap import CapExceeded, EntitlementMissing
from tests.merges import merged, unmerged
from tests.recharges.build import an_order
from tests.recharges.counter import Counter, used
from tests.recharges.shop import Shop, done


class TestMergedPerson:
    def test_merge_says_done_and_is_not(self, shop: Shop) -> None:
        # rdv-service-public#3429: three references, one cap from then on.
        till, _ = shop.enrol_till(), shop.stock_up(20)
        first, second, third = (shop.entitle(cap_cents=1000) for _ in range(3))
        for person in (first, second):
            done(shop.sell([an_order(till, person)])[0])

        aliases.learn(shop.tx, [merged(first, second), merged(second, third)])
        sold = shop.sell([an_order(till, person) for person in (third, first, second)])

        assert [done(each).cap.left_cents for each in sold[:2]] == [250, 0]
        assert isinstance(sold[2], CapExceeded)
        total = shop.one("SELECT sum(used_cents)::int FROM cap_month")
        assert total == 1000

    def test_buys_with_the_entitlement_of_either_reference(self, shop: Shop) -> None:
        till, _ = shop.enrol_till(), shop.stock_up(5)
        bare, entitled = uuid4(), shop.entitle()
        assert isinstance(shop.sell([an_order(till, bare)])[0], EntitlementMissing)

        aliases.learn(shop.tx, [merged(entitled, bare)])

        assert done(shop.sell([an_order(till, bare)])[0])

    def test_has_exactly_their_own_when_the_merge_is_undone(self, shop: Shop) -> None:
        till, _ = shop.enrol_till(), shop.stock_up(20)
        first, second = (shop.entitle(cap_cents=1000) for _ in range(2))
        done(shop.sell([an_order(till, first)])[0])
        aliases.learn(shop.tx, [merged(first, second)])
        for person in (first, second, first):
            done(shop.sell([an_order(till, person)])[0])
        assert isinstance(shop.sell([an_order(till, second)])[0], CapExceeded)

        aliases.learn(shop.tx, [unmerged(first, second)])

        assert (used(shop, first), used(shop, second)) == (750, 250)
        sold = shop.sell([an_order(till, person) for person in (first, second)])
        assert [done(each).cap.left_cents for each in sold] == [0, 500]

    def test_shares_the_cap_with_what_was_set_aside_offline(self, shop: Shop) -> None:
        shop.stock_up(20)
        counter = Counter(shop=shop)
        first, second = (shop.entitle(cap_cents=1000) for _ in range(2))
        lease_id = counter.take(5, first, cents=750)

        aliases.learn(shop.tx, [merged(first, second)])
        sold = shop.sell([an_order(counter.till_id, second) for _ in range(2)])
        counter.sell(lease_id, first)

        assert done(sold[0]).cap.left_cents == 0
        assert isinstance(sold[1], CapExceeded)
        assert counter.upload() == [("accepted", None)]
        counter.give_back(lease_id)
        assert (used(shop, first), used(shop, second)) == (250, 250)
        aliases.learn(shop.tx, [unmerged(first, second)])
        assert done(shop.sell([an_order(counter.till_id, first)])[0]).cap.left_cents == 500
