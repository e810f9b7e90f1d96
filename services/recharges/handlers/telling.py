"""Telling what left a site's shelf or came to it: how much of each offer, and no serials."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.columns import column
from chassis.db import Transaction
from services.recharges import events
from services.recharges.domain.stock import Lot
from services.recharges.store import SQL
from services.recharges.store.moves import Act


def amounts(tx: Transaction, lots: Sequence[Lot]) -> dict[str, Any]:
    """Sum what is left of lots, as facts about vouchers say it."""
    of_offer: dict[str, list[Lot]] = defaultdict(list)
    for lot in lots:
        of_offer[lot.offer_code].append(lot)
    asked = {"offer_codes": column(of_offer)}
    operators = {
        row["offer_code"]: row["operator"] for row in tx.execute(SQL["find_operators"], asked)
    }
    offers = [
        events.OfferMoved(
            offer_code=offer_code,
            operator=operators[offer_code],
            count=sum(lot.left for lot in each),
            face_value_cents=sum(lot.left * lot.face_value_cents for lot in each),
        )
        for offer_code, each in sorted(of_offer.items())
    ]
    return {
        "offers": offers,
        "vouchers": sum(each.count for each in offers),
        "face_value_cents": sum(each.face_value_cents for each in offers),
    }


def tell(tx: Transaction, fact: events.VouchersMoved, *, subject: UUID, act: Act) -> None:
    """Tell where vouchers went, in the transaction that moves them."""
    outbox.append(
        tx, [fact.tell(id=act.new_id(), subject=str(subject), site=fact.site_code, at=act.at)]
    )


def tell_written_off(tx: Transaction, lots: Sequence[Lot], *, cause: str, act: Act) -> None:
    """Tell what nobody can sell any more, site by site; nothing where there is nothing."""
    of_site: dict[str, list[Lot]] = defaultdict(list)
    for lot in lots:
        of_site[lot.site_code].append(lot)
    for site_code, each in sorted(of_site.items()):
        fact = events.VouchersWrittenOff(
            site_code=site_code,
            change_id=act.new_id(),
            cause=cause,
            transfer_id=act.transfer_id,
            **amounts(tx, each),
        )
        tell(tx, fact, subject=fact.change_id, act=act)


def tell_found(tx: Transaction, lots: Sequence[Lot], *, site_code: str, act: Act) -> None:
    """Tell that what was lost is there again."""
    fact = events.VouchersFound(site_code=site_code, change_id=act.new_id(), **amounts(tx, lots))
    tell(tx, fact, subject=fact.change_id, act=act)
