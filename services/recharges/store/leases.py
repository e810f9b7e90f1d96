"""Leases of offline tills, their vouchers and allowances, as rows."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis import aliases
from chassis.columns import column
from chassis.db import Transaction
from kernel.money import ZERO, Cents
from services.recharges.domain.cap import Allowance, Entitlement
from services.recharges.domain.lease import LeaseUnknown
from services.recharges.domain.offline import Head
from services.recharges.domain.sale import TillUnknown
from services.recharges.domain.stock import Lot, State
from services.recharges.store import SQL, lots
from services.recharges.store.selling import people_from

Row = dict[str, Any]
Month = tuple[UUID, date]


def lock_tills(tx: Transaction, till_ids: Iterable[UUID]) -> dict[UUID, Row]:
    """Lock tills: nothing else touches their journals, drawers, leases and chains meanwhile."""
    rows = tx.execute(SQL["lock_tills"], {"till_ids": column({*till_ids})})
    return {row["till_id"]: row for row in rows}


def lock_till(tx: Transaction, till_id: UUID) -> Row:
    """Lock one till, or refuse."""
    row = lock_tills(tx, [till_id]).get(till_id)
    if row is None:
        raise TillUnknown(till_id=till_id)
    return row


def rules(tx: Transaction, *, on: date) -> dict[str, str]:
    """Read the settings in force on a day."""
    read: dict[str, str] = tx.execute(SQL["read_rules"], {"on": on}).fetchall()[0]["rules"]
    return read


class People:
    """Who some references stand for, what they may buy, and what they have used of which months.

    Their months are locked, and begun where they may be counted on.
    """

    def __init__(self, tx: Transaction, wanted: Iterable[Month]) -> None:
        asked = sorted({*wanted})
        people = {person_ref for person_ref, _ in asked}
        aliases.lock(tx, people)
        read = tx.execute(SQL["read_people"], {"person_refs": column(people)}).fetchall()[0]
        self.same_as: dict[UUID, UUID]
        self.entitlements: dict[UUID, list[Entitlement]]
        self.same_as, self.entitlements = people_from(read["people"])
        used = dict.fromkeys(((self.same_as[ref], month_on) for ref, month_on in asked), ZERO)
        months = {
            "person_refs": column(person_ref for person_ref, _ in asked),
            "months_on": column(month_on for _, month_on in asked),
        }
        tx.execute(SQL["begin_months"], months)
        for row in tx.execute(SQL["lock_months"], months):
            person = row["same_as"], row["month_on"]
            used[person] = Cents(used[person] + row["used_cents"])
        #: By person and month, over all their references.
        self.months = {
            month: Allowance(cap_cents=ZERO, used_cents=cents) for month, cents in used.items()
        }

    def use(self, tx: Transaction, cents: dict[Month, int], *, caps: dict[Month, int]) -> None:
        """Count sums against months, each under the reference it was bought or set aside for."""
        if cents:
            tx.execute(
                SQL["set_cap_aside"],
                {
                    "person_refs": column(person_ref for person_ref, _ in cents),
                    "months_on": column(month_on for _, month_on in cents),
                    "cents": column(cents.values()),
                    "caps": column(caps[month] for month in cents),
                },
            )


def add(
    tx: Transaction,
    lease: Row,
    *,
    pieces: Sequence[Lot],
    allowances: dict[UUID, Cents],
    month_on: date,
) -> None:
    """Write a lease, the vouchers it lends and the cap it sets aside."""
    tx.execute(SQL["add_lease"], lease)
    tx.execute(
        SQL["add_lease_ranges"],
        {
            "lease_id": lease["lease_id"],
            "batch_ids": column(lot.batch_id for lot in pieces),
            "firsts": column(lot.first_position for lot in pieces),
            "ends": column(lot.end_position for lot in pieces),
        },
    )
    if allowances:
        tx.execute(
            SQL["add_lease_allowances"],
            {
                "lease_id": lease["lease_id"],
                "month_on": month_on,
                "person_refs": column(allowances),
                "allowed": column(allowances.values()),
            },
        )


def find(tx: Transaction, lease_id: UUID) -> Row:
    """Read a lease, or refuse."""
    row = tx.execute(SQL["find_lease"], {"lease_id": lease_id}).fetchone()
    if row is None:
        raise LeaseUnknown(lease_id=lease_id)
    return row


def end_of_chain(tx: Transaction, chain_id: UUID) -> Head:
    """Read the end of a chain, whose till is locked."""
    row = tx.execute(SQL["end_of_chain"], {"chain_id": chain_id}).fetchone()
    return Head() if row is None else Head(**row)


def give_back(tx: Transaction, lease_id: UUID) -> None:
    """Put what a lease did not sell back on sale, and what it did not use back to the caps."""
    _give_allowances_back(tx, [lease_id])
    lots.release(tx, lease_id)


def quarantine(tx: Transaction, lease_id: UUID) -> list[Lot]:
    """Set what a lease did not sell aside, and give what it did not use back to the caps."""
    _give_allowances_back(tx, [lease_id])
    return _take_off(tx, lease_id, state=State.QUARANTINED)


def freeze(tx: Transaction, lease_ids: Sequence[UUID]) -> list[Lot]:
    """Freeze what leases did not sell, and give what they did not use back to the caps."""
    _give_allowances_back(tx, lease_ids)
    frozen: list[Lot] = []
    for lease_id in lease_ids:
        frozen += _take_off(tx, lease_id, state=State.FROZEN)
    return frozen


def _take_off(tx: Transaction, lease_id: UUID, *, state: State) -> list[Lot]:
    batches = tx.execute(SQL["find_batches_held"], {"held_by": lease_id}).fetchall()
    lots.keep_batches(tx, (row["batch_id"] for row in batches))
    return lots.move(tx, lots.held(tx, lease_id), state=state)


def _give_allowances_back(tx: Transaction, lease_ids: Sequence[UUID]) -> None:
    wanted = {"lease_ids": column(lease_ids)}
    tx.execute(SQL["lock_allowances"], wanted)
    tx.execute(SQL["give_allowances_back"], wanted)


def end(tx: Transaction, lease_ids: Sequence[UUID], *, state: str, at: datetime) -> None:
    """End open leases."""
    tx.execute(SQL["end_leases"], {"lease_ids": column(lease_ids), "state": state, "ended_at": at})
