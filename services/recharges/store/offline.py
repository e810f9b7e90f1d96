"""What was sent up of an offline chain, and what it is decided on, as rows."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from kernel.period import Month, business_date
from kernel.refusal import Refusal
from services.recharges.domain import offline
from services.recharges.domain.cap import Counts
from services.recharges.domain.offline import Accepted, Books, Held, Known
from services.recharges.domain.offline_sale import OfflineSale
from services.recharges.domain.stock import Pick, State
from services.recharges.store import SQL, lots
from services.recharges.store import leases as leases_store
from services.recharges.store.leases import Month as MonthOf
from services.recharges.store.leases import People

Row = dict[str, Any]


def leases_of(tx: Transaction, till_id: UUID, sales: Sequence[OfflineSale]) -> dict[UUID, Row]:
    """Read the leases that sales name, with their offers; those of other tills are not found."""
    wanted = {"lease_ids": column({sale.lease_id for sale in sales}), "till_id": till_id}
    rows = tx.execute(SQL["leases_of_sales"], wanted)
    return {row["lease_id"]: row for row in rows}


def read_books(
    tx: Transaction,
    sales: Sequence[OfflineSale],
    *,
    till_id: UUID,
    chain_id: UUID,
    leases: dict[UUID, Row],
    received_at: datetime,
) -> tuple[Books, People]:
    """Read what the sales of a chain are decided on; its till is locked, and so are the months."""
    people = People(tx, (month_of(sale) for sale in sales))
    rules = leases_store.rules(tx, on=business_date(received_at))
    wanted: Row = {
        "till_id": till_id,
        "chain_id": chain_id,
        "sequences": column(sale.sequence for sale in sales),
        "sale_ids": column(sale.sale_id for sale in sales),
        "serials": column({serial for sale in sales for serial in sale.serials}),
        "lease_ids": column(leases),
        "person_refs": column({sale.person_ref for sale in sales}),
    }
    known = tx.execute(SQL["known_offline_tickets"], wanted)
    held = [
        Held(**{**row, "lot_state": State(row["lot_state"])})
        for row in tx.execute(SQL["leased_vouchers"], wanted)
    ]
    terms = offline.Lease.__dataclass_fields__
    books = Books(
        till_id=till_id,
        chain_id=chain_id,
        received_at=received_at,
        skew_max=timedelta(minutes=int(rules["offline_skew_minutes_max"])),
        counts=Counts(rules["cap_counts"]),
        head=leases_store.end_of_chain(tx, chain_id),
        known={
            row["sequence"]: Known(row["hash"], row["sale_id"], row["ticket_no"]) for row in known
        },
        sale_ids={row["sale_id"] for row in tx.execute(SQL["known_sale_ids"], wanted)},
        leases={
            lease_id: offline.Lease(**{name: row[name] for name in terms})
            for lease_id, row in leases.items()
        },
        held={each.serial: each for each in held},
        set_aside=[
            offline.SetAside(**row) for row in tx.execute(SQL["allowances_of_chain"], wanted)
        ],
        same_as=people.same_as,
        entitlements=people.entitlements,
        months=people.months,
    )
    return books, people


def month_of(sale: OfflineSale) -> MonthOf:
    """Return the reference and the month that a sale counts under."""
    return sale.person_ref, Month.of(sale.business_date).first_on


def take_vouchers(
    tx: Transaction, accepted: Sequence[Accepted], *, new_id: Callable[[], UUID]
) -> dict[tuple[UUID, int], Pick]:
    """Take the vouchers of sales out of what is held for them, in whatever order they were sold."""
    places = [
        (held.batch_id, held.position) for sale in accepted for line in sale.held for held in line
    ]
    pieces = lots.cut_runs(tx, places, new_id=new_id)
    # What was frozen with a lost device was sold before: it is sold after all.
    frozen = [lot for lot in pieces if lot.state is State.FROZEN]
    thawed = lots.move(tx, frozen, state=State.AVAILABLE) if frozen else []
    sound = [lot for lot in pieces if lot.state is not State.FROZEN]
    picks = lots.sell_held(tx, [*sound, *thawed])
    return {(pick.batch_id, pick.position): pick for pick in picks}


def save(tx: Transaction, accepted: Sequence[Accepted], *, books: Books, people: People) -> None:
    """Keep accepted sales word for word, and where they leave chain, leases and caps."""
    sales = [each.sale for each in accepted]
    tx.execute(
        SQL["keep_offline_tickets"],
        {
            "chain_id": books.chain_id,
            "till_id": books.till_id,
            "received_at": books.received_at,
            "sequences": column(sale.sequence for sale in sales),
            "hashes": column(sale.hash for sale in sales),
            "previous_hashes": column(sale.previous_hash for sale in sales),
            "records": column(sale.record for sale in sales),
            "sale_ids": column(sale.sale_id for sale in sales),
            "lease_ids": column(sale.lease_id for sale in sales),
        },
    )
    head = books.head
    tx.execute(
        SQL["move_chain"],
        {
            "chain_id": books.chain_id,
            "till_id": books.till_id,
            "sequence": head.sequence,
            "hash": head.hash,
            "sold_at": head.sold_at,
        },
    )
    _use(tx, accepted, books=books, people=people)


def _use(tx: Transaction, accepted: Sequence[Accepted], *, books: Books, people: People) -> None:
    sold: dict[UUID, int] = {}
    allowances: dict[tuple[UUID, UUID], int] = {}
    months: dict[MonthOf, int] = {}
    caps: dict[MonthOf, int] = {}
    for each in accepted:
        sale = each.sale
        sold[sale.lease_id] = sold.get(sale.lease_id, 0) + len(sale.serials)
        for lease_id, cents in each.from_allowances.items():
            place = lease_id, sale.person_ref
            allowances[place] = allowances.get(place, 0) + cents
        if each.from_month_cents:
            month = month_of(sale)
            months[month] = months.get(month, 0) + each.from_month_cents
            caps[month] = books.months[books.same_as[month[0]], month[1]].cap_cents
    tx.execute(SQL["use_leases"], {"lease_ids": column(sold), "counts": column(sold.values())})
    tx.execute(
        SQL["use_allowances"],
        {
            "lease_ids": column(lease_id for lease_id, _ in allowances),
            "person_refs": column(person_ref for _, person_ref in allowances),
            "cents": column(allowances.values()),
        },
    )
    people.use(tx, months, caps=caps)


def keep_refused(
    tx: Transaction, refused: Sequence[tuple[OfflineSale, Refusal]], *, books: Books
) -> None:
    """Keep what was sent and not accepted, as evidence."""
    sales = [sale for sale, _ in refused]
    tx.execute(
        SQL["keep_refused"],
        {
            "till_id": books.till_id,
            "chain_id": books.chain_id,
            "received_at": books.received_at,
            "sequences": column(sale.sequence for sale in sales),
            "codes": column(refusal.code for _, refusal in refused),
            "hashes": column(sale.hash for sale in sales),
            "previous_hashes": column(sale.previous_hash for sale in sales),
            "records": column(sale.record for sale in sales),
        },
    )
