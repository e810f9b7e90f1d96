"""Sales, transfers, freezes, changes and joins of one batch at once: nobody waits in a circle."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from kernel.refusal import Refusal
from services.recharges.domain import stock
from services.recharges.domain.stock import State
from services.recharges.handlers import transfers
from services.recharges.store import lots
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import DAY, SITE, an_order
from tests.recharges.shop import Shop, connect, new_id
from tests.recharges.staff import (
    LYON,
    a_call,
    change_batch,
    change_vouchers,
    last_batch,
    receive,
    release,
    send,
)

SIZE, ROUNDS = 800, 80
ADMIN = a_call("admin")


@pytest.fixture
def schema(fresh_schema: FreshSchema) -> Schema:
    schema = fresh_schema("recharges")
    with connect(schema) as tx:
        shop = Shop(tx=tx)
        shop.open_site(LYON)
        for offer_code in ("sfr-15", "sfr-500mo"):
            shop.stock_up(SIZE, offer_code=offer_code)
    return schema


def sell(shop: Shop, chance: random.Random) -> None:
    till, person = shop.enrol_till(), shop.entitle(cap_cents=1_000_000)
    wanted = [("sfr-500mo", 1), ("sfr-15", chance.randint(1, 3))]
    shop.sell([an_order(till, person, *wanted)])


def pay_by_card_or_not(shop: Shop, chance: random.Random) -> None:
    holder = new_id()
    on_sale = lots.lock_available(shop.tx, site_code=SITE, offer_code="sfr-15", on=DAY)
    chosen = stock.carve(on_sale, offer_code="sfr-15", quantity=chance.randint(1, 3))
    lots.hold(shop.tx, chosen, state=State.RESERVED, held_by=holder, new_id=new_id)
    shop.tx.commit()
    if chance.random() < 0.5:
        lots.release(shop.tx, holder)
    else:
        lots.sell_held(shop.tx, lots.held(shop.tx, holder))


def move_to_the_other_site(shop: Shop, chance: random.Random) -> None:
    transfer_id = send(shop, chance.randint(1, 5), call=ADMIN)
    shop.tx.commit()
    shown = transfers.show_transfer(shop.tx, transfer_id, call=ADMIN)
    receive(shop, transfer_id, shown.lines[0].serials[0], call=a_call("admin"))


def freeze_and_thaw(shop: Shop, chance: random.Random) -> None:
    batch_id = last_batch(shop) if chance.random() < 0.5 else first_batch(shop)
    change_batch(shop, batch_id, "freeze", call=ADMIN)
    shop.tx.commit()
    change_batch(shop, batch_id, "unfreeze", call=ADMIN)


def doubt_and_release(shop: Shop, chance: random.Random) -> None:
    picked = chance.sample(range(1, SIZE + 1), 4)
    named = shop.all(
        "SELECT serial FROM voucher WHERE batch_id = %s AND position = ANY(%s)",
        first_batch(shop),
        picked,
    )
    serials = [row["serial"] for row in named]
    change_vouchers(shop, "quarantined", serials=serials, call=ADMIN)
    shop.tx.commit()
    release(shop, first_batch(shop), call=a_call("admin"))


def join(shop: Shop, chance: random.Random) -> None:
    lots.join_pieces(shop.tx)


def first_batch(shop: Shop) -> UUID:
    found: UUID = shop.one("SELECT batch_id FROM batch ORDER BY batch_id LIMIT 1")
    return found


class TestStock:
    def test_is_conserved_and_never_stands_still(self, schema: Schema) -> None:
        works: list[Callable[[Shop, random.Random], None]] = [
            sell,
            sell,
            pay_by_card_or_not,
            move_to_the_other_site,
            freeze_and_thaw,
            doubt_and_release,
            join,
        ]

        def work(number: int) -> int:
            done, chance = 0, random.Random(number)
            with connect(schema) as tx:
                tx.execute("SET lock_timeout = '20s'")
                for _ in range(ROUNDS):
                    try:
                        works[number](Shop(tx=tx), chance)
                        tx.commit()
                        done += 1
                    except Refusal:
                        tx.rollback()
            return done

        with ThreadPoolExecutor(len(works)) as crowd:
            done = list(crowd.map(work, range(len(works))))

        assert all(done), done
        with connect(schema) as tx:
            shop = Shop(tx=tx)
            held = shop.one("SELECT sum(end_position - first_position)::bigint FROM lot")
            assert held == 2 * SIZE
            for batch in shop.all("SELECT * FROM batch"):
                states = {
                    row["state"]
                    for row in shop.all("SELECT * FROM lot WHERE batch_id = %s", batch["batch_id"])
                }
                assert (State.AVAILABLE in states) <= (batch["state"] == "active")
                assert (State.FROZEN in states) <= (batch["state"] == "frozen")
            taken = shop.one("SELECT count(*) FROM sale_voucher")
            assert taken == shop.one(
                "SELECT count(*) FROM sale_voucher"
                "  JOIN lot ON lot.batch_id = sale_voucher.batch_id"
                "          AND lot.first_position <= sale_voucher.position"
                "          AND sale_voucher.position < lot.next_position"
            )
