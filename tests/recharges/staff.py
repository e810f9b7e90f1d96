"""Who works at the sites of the tests, and what they do to the stock there."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from chassis.auth import Caller
from chassis.http import Call
from kernel.period import business_date
from services.recharges.api import stock as api
from services.recharges.api import transfers as transfers_api
from services.recharges.domain.batch import Verb
from services.recharges.doors import SUPERVISORS
from services.recharges.handlers import batches, transfers
from services.recharges.handlers import stock as counts
from tests.recharges.build import NOON, SITE
from tests.recharges.shop import Shop

LYON = "lyon"


def a_call(
    role: str = "site_manager",
    *site_codes: str,
    user_id: UUID | None = None,
    now: datetime = NOON,
) -> Call:
    """Somebody calls: a manager of the tests' site unless said otherwise."""
    caller = Caller(
        user_id=user_id or uuid4(), role=role, site_codes=frozenset(site_codes or {SITE})
    )
    return Call(now=now, caller=caller, address="127.0.0.1", language="en")


def quarantine_deliveries(shop: Shop) -> None:
    """From now on a second person releases what is delivered."""
    shop.tx.execute("UPDATE supply_rule SET quarantined = true")


def last_batch(shop: Shop) -> UUID:
    found: UUID = shop.one("SELECT batch_id FROM batch ORDER BY batch_id DESC LIMIT 1")
    return found


def release(shop: Shop, batch_id: UUID, *, call: Call | None = None) -> api.BatchChanged:
    return batches.release_batch(shop.tx, batch_id, call=call or a_call())


def change_batch(
    shop: Shop, batch_id: UUID, verb: Verb, *, call: Call | None = None
) -> api.BatchChanged:
    return batches.change_batch(
        shop.tx, batch_id, verb, reason="told by the operator", call=call or a_call()
    )


def change_vouchers(
    shop: Shop, change: Any, *, call: Call | None = None, site_code: str = SITE, **which: Any
) -> int:
    asked = api.ChangeVouchers(
        site_code=site_code, offer_code="sfr-15", change=change, reason="as it is told", **which
    )
    changed = batches.change_vouchers(
        shop.tx, asked, call=call or a_call("site_manager", site_code), supervisors=SUPERVISORS
    )
    return changed.vouchers


def send(
    shop: Shop,
    quantity: int,
    *,
    call: Call | None = None,
    to_site: str = LYON,
    offer_code: str = "sfr-15",
) -> UUID:
    asked = transfers_api.SendVouchers(
        from_site=SITE,
        to_site=to_site,
        lines=(transfers_api.TransferLine(offer_code=offer_code, quantity=quantity),),
    )
    return transfers.send_vouchers(shop.tx, asked, call=call or a_call()).transfer_id


def receive(
    shop: Shop, transfer_id: UUID, *missing: str, call: Call | None = None, site_code: str = LYON
) -> transfers_api.TransferReceived:
    return transfers.receive_vouchers(
        shop.tx,
        transfer_id,
        transfers_api.ReceiveVouchers(missing_serials=missing),
        call=call or a_call("till_operator", site_code),
    )


def stock_at(shop: Shop, site_code: str = SITE, *, now: datetime = NOON) -> Counter[str]:
    """What a site is shown of its vouchers, without the states that hold none."""
    found: Counter[str] = Counter()
    for shown in counts.show_stock(shop.tx, site_code=site_code, on=business_date(now)):
        each = {name: getattr(shown, name) for name in counts.COUNTED}
        assert sum(each.values()) == shown.received
        found.update(each)
    return +found


def conserve(shop: Shop) -> None:
    """Have the database check now what it checks at every commit."""
    shop.tx.execute("SET CONSTRAINTS batch_conserved IMMEDIATE")
    shop.tx.execute("SET CONSTRAINTS batch_conserved DEFERRED")
