"""What a till reads while it sells: what is left of a person's month, and its last sales."""

from datetime import date
from uuid import UUID

from chassis import aliases
from chassis.db import Transaction
from kernel.period import Month
from services.recharges.api import listing as api
from services.recharges.domain import cap
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.store import SQL, leases


def show_cap(tx: Transaction, person_ref: UUID, *, on: date) -> api.PersonCap:
    """Return what is left of a person's month, or why they may not buy today.

    Nothing is held by it: another till may sell to the same person meanwhile.
    """
    month = Month.of(on)
    of_person = {"person_refs": aliases.references(tx, person_ref)}
    rows = tx.execute(SQL["entitlements_of_person"], of_person)
    entitlement = cap.require_in_force([Entitlement(**row) for row in rows], on=on)
    [used] = tx.execute(SQL["cap_used_by_person"], of_person | {"month_on": month.first_on})
    allowance = Allowance(cap_cents=entitlement.monthly_cap_cents, used_cents=used["used_cents"])
    return api.PersonCap(
        month=str(month),
        cap_cents=allowance.cap_cents,
        left_cents=allowance.left_cents,
        counts=Counts(leases.rules(tx, on=on)["cap_counts"]).value,
    )


def show_sales(tx: Transaction, till_id: UUID, query: api.SalesOf) -> list[api.SaleListed]:
    """Return a till's sales, the latest first."""
    told = {"till_id": till_id, "after": query.after, "limit": query.limit + 1}
    return [api.SaleListed(**row) for row in tx.execute(SQL["sales_of_till"], told)]


def show_waiting(tx: Transaction, till_id: UUID) -> list[api.SaleWaiting]:
    """Return a till's sales that wait for their card."""
    rows = tx.execute(SQL["card_sales_of_till"], {"till_id": till_id})
    return [api.SaleWaiting(**row) for row in rows]
