"""Sales, stock and projections, as rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from chassis import queries
from chassis.columns import column
from chassis.db import Transaction
from kernel.money import Cents
from kernel.period import Month
from kernel.refusal import NotFound
from services.recharges.domain import stock
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.sale import Books, Offer, Order, Sale, Till
from services.recharges.domain.stock import Lot, Pick
from services.recharges.seal import Sealed

SQL = queries.load("services.recharges")


class SaleUnknown(NotFound):
    """There is no sale {sale_id}."""

    code = "recharges.sale.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A voucher as it is kept: its PIN sealed."""

    operator: str
    serial: str
    pin: Sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRecord:
    """A sale's sealed place in its till's journal."""

    record: str
    previous_hash: bytes
    hash: bytes


def lock_books(
    tx: Transaction, orders: Sequence[Order], *, on: date
) -> tuple[Books, dict[str, dict[str, Any]]]:
    """Lock and read all that a batch of orders is decided on, in one round trip.

    Returns the books and the sales that already hold one of the orders' keys.
    """
    people = {"person_refs": column({order.person_ref for order in orders})}
    month = people | {"month_on": Month.of(on).first_on}
    wanted = list({(order.till_id, line.offer_code) for order in orders for line in order.lines})
    with tx.pipeline():
        tills = tx.execute(
            SQL["lock_tills"], {"till_ids": column(order.till_id for order in orders)}
        )
        known = tx.execute(
            SQL["find_sales_by_key"], {"keys": column(order.key for order in orders)}
        )
        offers = tx.execute(SQL["find_offers"], {"on": on})
        rule = tx.execute(SQL["find_cap_rule"], {"on": on})
        entitlements = tx.execute(SQL["find_entitlements"], people)
        tx.execute(SQL["open_cap_months"], month)
        caps = tx.execute(SQL["lock_cap_months"], month)
        lots = tx.execute(
            SQL["lock_lots"],
            {
                "till_ids": column(till_id for till_id, _ in wanted),
                "offer_codes": column(offer_code for _, offer_code in wanted),
                "on": on,
            },
        )
    books = Books(
        on=on,
        counts=Counts(rule.fetchall()[0]["counts"]),
        tills={row["till_id"]: _till(row) for row in tills},
        offers={row["offer_code"]: Offer(**row) for row in offers},
        entitlements={row["person_ref"]: Entitlement(**row) for row in entitlements},
        allowances={
            row["person_ref"]: Allowance(cap_cents=row["cap_cents"], used_cents=row["used_cents"])
            for row in caps
        },
        lots=_by_place(lots),
    )
    return books, {row["key"]: row for row in known}


def _till(row: dict[str, Any]) -> Till:
    return Till(
        till_id=row["till_id"],
        site_code=row["site_code"],
        active=row["state"] == "active",
        last_sequence=row["last_sequence"],
        last_hash=row["last_hash"],
    )


def _by_place(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[Lot, ...]]:
    places: dict[tuple[str, str], list[Lot]] = defaultdict(list)
    for row in rows:
        places[row["site_code"], row["offer_code"]].append(Lot(**row))
    return {place: tuple(stock.soonest_first(lots)) for place, lots in places.items()}


def find_vouchers(tx: Transaction, picks: Sequence[Pick]) -> dict[tuple[UUID, int], Voucher]:
    """Read the vouchers at these places."""
    rows = tx.execute(
        SQL["find_vouchers"],
        {
            "batch_ids": column(pick.batch_id for pick in picks),
            "positions": column(pick.position for pick in picks),
        },
    )
    return {(row["batch_id"], row["position"]): voucher_from(row) for row in rows}


def voucher_from(row: dict[str, Any]) -> Voucher:
    """Read a voucher from a row that names its operator, serial and sealed PIN."""
    return Voucher(
        operator=row["operator"],
        serial=row["serial"],
        pin=Sealed(row["pin_key_id"], row["pin_sealed"]),
    )


def save_sales(
    tx: Transaction, sales: Sequence[Sale], records: Sequence[JournalRecord], *, books: Books
) -> None:
    """Write accepted sales and where they leave tills, caps and lots.

    Called inside a pipeline: nothing is awaited here.
    """
    heads = _columns_of_sales(sales)
    heads |= {
        "records": column(each.record for each in records),
        "previous_hashes": column(each.previous_hash for each in records),
        "hashes": column(each.hash for each in records),
    }
    tx.execute(SQL["save_sales"], heads)
    tx.execute(SQL["save_sale_lines"], _columns_of_lines(sales))
    tx.execute(SQL["save_sale_vouchers"], _columns_of_vouchers(sales))
    tx.execute(SQL["save_cash_lines"], heads)
    tx.execute(SQL["save_journal"], heads)
    last = {
        sale.order.till_id: (sale.ticket_no, record.hash)
        for sale, record in zip(sales, records, strict=True)
    }
    tx.execute(
        SQL["move_tills"],
        {
            "till_ids": column(last),
            "sequences": column(sequence for sequence, _ in last.values()),
            "hashes": column(hash_ for _, hash_ in last.values()),
        },
    )
    people = list({sale.order.person_ref for sale in sales})
    tx.execute(
        SQL["use_caps"],
        {
            "person_refs": column(people),
            "used": column(books.allowances[person].used_cents for person in people),
            "caps": column(books.allowances[person].cap_cents for person in people),
            "month_on": Month.of(books.on).first_on,
        },
    )
    tx.execute(SQL["move_lots"], _columns_of_lots(sales))


def _columns_of_sales(sales: Sequence[Sale]) -> dict[str, Any]:
    return {
        "sale_ids": column(sale.order.sale_id for sale in sales),
        "keys": column(sale.order.key for sale in sales),
        "request_hashes": column(sale.order.request_hash for sale in sales),
        "till_ids": column(sale.order.till_id for sale in sales),
        "site_codes": column(sale.site_code for sale in sales),
        "ticket_nos": column(sale.ticket_no for sale in sales),
        "person_refs": column(sale.order.person_ref for sale in sales),
        "sold_by": column(sale.order.seller_id for sale in sales),
        "sold_at": column(sale.order.ordered_at for sale in sales),
        "business_dates": column(sale.business_date for sale in sales),
        "tenders": column("cash" for _ in sales),
        "totals": column(sale.total_cents for sale in sales),
        "tendered": column(sale.order.tendered_cents for sale in sales),
        "change": column(sale.change_cents for sale in sales),
        "cap_left": column(sale.cap_left_cents for sale in sales),
    }


def _columns_of_lines(sales: Sequence[Sale]) -> dict[str, Any]:
    lines = [
        (sale.order.sale_id, line_no, line)
        for sale in sales
        for line_no, line in enumerate(sale.lines, start=1)
    ]
    return {
        "sale_ids": column(sale_id for sale_id, _, _ in lines),
        "line_nos": column(line_no for _, line_no, _ in lines),
        "offer_codes": column(line.offer.offer_code for _, _, line in lines),
        "operators": column(line.offer.operator for _, _, line in lines),
        "quantities": column(line.quantity for _, _, line in lines),
        "prices": column(line.offer.price_cents for _, _, line in lines),
        "face_values": column(line.offer.face_value_cents for _, _, line in lines),
    }


def _columns_of_vouchers(sales: Sequence[Sale]) -> dict[str, Any]:
    taken = [
        (pick, sale.order.sale_id, line_no)
        for sale in sales
        for line_no, line in enumerate(sale.lines, start=1)
        for pick in line.picks
    ]
    return {
        "batch_ids": column(pick.batch_id for pick, _, _ in taken),
        "positions": column(pick.position for pick, _, _ in taken),
        "sale_ids": column(sale_id for _, sale_id, _ in taken),
        "line_nos": column(line_no for _, _, line_no in taken),
    }


def _columns_of_lots(sales: Sequence[Sale]) -> dict[str, Any]:
    pointers: dict[UUID, int] = {}
    for sale in sales:
        for line in sale.lines:
            for pick in line.picks:
                pointers[pick.lot_id] = max(pointers.get(pick.lot_id, 0), pick.position + 1)
    return {"lot_ids": column(pointers), "next_positions": column(pointers.values())}


def find_sale(tx: Transaction, sale_id: UUID) -> dict[str, Any]:
    """Read one sale's row, or raise SaleUnknown."""
    row = tx.execute(SQL["find_sale"], {"sale_id": sale_id}).fetchone()
    if row is None:
        raise SaleUnknown(sale_id=sale_id)
    return row


def find_contents(
    tx: Transaction, sale_ids: Sequence[UUID]
) -> tuple[dict[UUID, list[dict[str, Any]]], dict[UUID, list[dict[str, Any]]]]:
    """Read the lines and the vouchers of sales, by sale."""
    wanted = {"sale_ids": list(sale_ids)}
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    vouchers: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(SQL["lines_of_sales"], wanted):
        lines[row["sale_id"]].append(row)
    for row in tx.execute(SQL["vouchers_of_sales"], wanted):
        vouchers[row["sale_id"]].append(row)
    return lines, vouchers


def find_offers(tx: Transaction, *, on: date) -> list[Offer]:
    """Read the tariff in force on a day."""
    return [Offer(**row) for row in tx.execute(SQL["find_offers"], {"on": on})]


def face_values(tx: Transaction, *, on: date, operator: str) -> dict[str, Cents]:
    """Read what a voucher of each of an operator's offers is worth on a day."""
    return {
        offer.offer_code: offer.face_value_cents
        for offer in find_offers(tx, on=on)
        if offer.operator == operator
    }
