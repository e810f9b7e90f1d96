"""Sales and what they are decided on, as rows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from kernel.money import ZERO, Cents
from kernel.period import Month
from kernel.refusal import NotFound
from services.recharges.domain import stock
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.drawer import Drawer, Opening
from services.recharges.domain.sale import Books, Offer, Order, Sale, Till
from services.recharges.domain.stock import Lot, Pick
from services.recharges.seal import Sealed
from services.recharges.store import SQL
from services.recharges.store.journal import Record


class SaleUnknown(NotFound):
    """There is no sale {sale_id}."""

    code = "recharges.sale.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A voucher as it is kept: its PIN sealed."""

    operator: str
    serial: str
    pin: Sealed


def lock_books(
    tx: Transaction, orders: Sequence[Order], *, on: date
) -> tuple[Books, frozenset[str]]:
    """Lock and read all that a batch of orders is decided on, in one round trip.

    Returns the books and those of the orders' keys that a sale already holds.
    """
    person_refs = column({order.person_ref for order in orders})
    wanted = list({(order.till_id, line.offer_code) for order in orders for line in order.lines})
    with tx.pipeline():
        tills = tx.execute(
            SQL["lock_tills"], {"till_ids": column({order.till_id for order in orders})}
        )
        tx.execute(
            SQL["lock_keys_and_aliases"],
            {"keys": column(sorted(order.key for order in orders)), "person_refs": person_refs},
        )
        read = tx.execute(
            SQL["read_books"],
            {
                "keys": column(order.key for order in orders),
                "person_refs": person_refs,
                "on": on,
            },
        )
        caps = tx.execute(
            SQL["lock_cap_months"],
            {"person_refs": person_refs, "month_on": Month.of(on).first_on},
        )
        lots = tx.execute(
            SQL["lock_lots"],
            {
                "till_ids": column(till_id for till_id, _ in wanted),
                "offer_codes": column(offer_code for _, offer_code in wanted),
                "on": on,
            },
        )
    row = read.fetchall()[0]
    months = caps.fetchall()
    same_as, entitlements = people_from(row["people"])
    books = Books(
        on=on,
        counts=Counts(row["rules"]["cap_counts"]),
        opening=Opening(row["rules"]["drawer_opening"]),
        tills={each["till_id"]: till_from(each) for each in tills},
        offers={each["offer_code"]: Offer(**each) for each in row["offers"]},
        same_as=same_as,
        used_cents={each["person_ref"]: each["used_cents"] for each in months},
        entitlements=entitlements,
        allowances=used_from(same_as, months),
        lots=_by_place(lots),
    )
    return books, frozenset(row["known"])


def people_from(
    read: Sequence[dict[str, Any]],
) -> tuple[dict[UUID, UUID], dict[UUID, list[Entitlement]]]:
    """Read who is who, and every person's entitlements."""
    same_as: dict[UUID, UUID] = {}
    entitlements: dict[UUID, list[Entitlement]] = {}
    for each in read:
        person = UUID(each["same_as"])
        same_as[UUID(each["person_ref"])] = person
        entitlements[person] = [
            Entitlement(
                person_ref=UUID(told["person_ref"]),
                from_on=date.fromisoformat(told["from_on"]),
                until_on=date.fromisoformat(told["until_on"]),
                monthly_cap_cents=told["monthly_cap_cents"],
            )
            for told in each["entitlements"]
        ]
    return same_as, entitlements


def used_from(same_as: dict[UUID, UUID], rows: Iterable[dict[str, Any]]) -> dict[UUID, Allowance]:
    """Add up what each person has used this month under all their references."""
    used = dict.fromkeys(same_as.values(), ZERO)
    for row in rows:
        used[row["same_as"]] = Cents(used[row["same_as"]] + row["used_cents"])
    return {person: Allowance(cap_cents=ZERO, used_cents=cents) for person, cents in used.items()}


def till_from(row: dict[str, Any]) -> Till:
    """Read a till with its drawer and the head of its tickets."""
    session_id = row["drawer_session_id"]
    return Till(
        till_id=row["till_id"],
        site_code=row["site_code"],
        active=row["state"] == "active",
        frozen=row["frozen_at"] is not None,
        last_sequence=row["last_sequence"],
        last_hash=row["last_hash"],
        drawer=None
        if session_id is None
        else Drawer(
            drawer_session_id=session_id,
            opened_on=row["drawer_opened_on"],
            counted=row["drawer_counted"],
            held_by=row["drawer_held_by"],
        ),
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
    tx: Transaction, sales: Sequence[Sale], records: Sequence[Record], *, books: Books
) -> None:
    """Write accepted sales and where they leave tills, caps and lots.

    Called inside a pipeline: nothing is awaited here.
    """
    if any(sale.opens_drawer for sale in sales):
        _open_drawers(tx, [sale for sale in sales if sale.opens_drawer])
    heads = _columns_of_sales(sales)
    tx.execute(SQL["save_sales"], heads | _columns_of_lines(sales) | _columns_of_vouchers(sales))
    tx.execute(
        SQL["book_sales"],
        heads
        | _columns_of_records(records)
        | _columns_of_tills(sales, records, books)
        | _columns_of_caps(sales, books)
        | _columns_of_lots(sales),
    )


def _open_drawers(tx: Transaction, sales: Sequence[Sale]) -> None:
    tx.execute(
        SQL["open_drawers_by_sale"],
        {
            "drawer_session_ids": column(sale.drawer_session_id for sale in sales),
            "till_ids": column(sale.order.till_id for sale in sales),
            "site_codes": column(sale.site_code for sale in sales),
            "business_dates": column(sale.business_date for sale in sales),
            "opened_at": column(sale.order.ordered_at for sale in sales),
            "opened_by": column(sale.drawer_opened_by or sale.order.seller_id for sale in sales),
        },
    )


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
        "sold_at": column(sale.sold_at for sale in sales),
        "business_dates": column(sale.business_date for sale in sales),
        "tenders": column(sale.order.tender for sale in sales),
        "totals": column(sale.total_cents for sale in sales),
        "tendered": column(sale.tendered_cents for sale in sales),
        "change": column(sale.change_cents for sale in sales),
        "cap_left": column(sale.cap_left_cents for sale in sales),
        "drawer_session_ids": column(sale.drawer_session_id for sale in sales),
    }


def _columns_of_records(records: Sequence[Record]) -> dict[str, Any]:
    return {
        "records": column(each.record for each in records),
        "previous_hashes": column(each.previous_hash for each in records),
        "hashes": column(each.hash for each in records),
        "key_ids": column(each.key_id for each in records),
        "signatures": column(each.signature for each in records),
    }


def _columns_of_tills(
    sales: Sequence[Sale], records: Sequence[Record], books: Books
) -> dict[str, Any]:
    last = {
        sale.order.till_id: each for each in zip(sales, records, strict=True) for sale in each[:1]
    }
    # A card payment that comes in after the count is booked in no session, and leaves it alone.
    drawers = [books.tills[till_id].drawer for till_id in last]
    return {
        "moved_till_ids": column(last),
        "last_sequences": column(sale.ticket_no for sale, _ in last.values()),
        "last_hashes": column(record.hash for _, record in last.values()),
        "open_session_ids": column(each and each.drawer_session_id for each in drawers),
        "opened_on": column(each and each.opened_on for each in drawers),
    }


def _columns_of_caps(sales: Sequence[Sale], books: Books) -> dict[str, Any]:
    counted: dict[UUID, int] = defaultdict(int)
    for sale in sales:
        if sale.counted_cents:  # else it was counted before, when vouchers were held for it
            counted[sale.order.person_ref] += sale.counted_cents
    caps = (books.allowances[books.same_as[person]].cap_cents for person in counted)
    return {
        "cap_person_refs": column(counted),
        "cap_used": column(
            books.used_cents.get(person, 0) + cents for person, cents in counted.items()
        ),
        "caps": column(caps),
        "cap_begun": column("t" if person in books.used_cents else "f" for person in counted),
        "month_on": Month.of(books.on).first_on,
    }


def _columns_of_lines(sales: Sequence[Sale]) -> dict[str, Any]:
    lines = [
        (sale.order.sale_id, line_no, line)
        for sale in sales
        for line_no, line in enumerate(sale.lines, start=1)
    ]
    return {
        "line_sale_ids": column(sale_id for sale_id, _, _ in lines),
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
        "takings": column(pick.taking for pick, _, _ in taken),
        "voucher_sale_ids": column(sale_id for _, sale_id, _ in taken),
        "voucher_line_nos": column(line_no for _, _, line_no in taken),
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
