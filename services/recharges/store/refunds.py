"""Refunds as rows."""

from typing import Any
from uuid import UUID

from chassis.db import Transaction
from services.recharges.store import SQL


def of_sale(tx: Transaction, sale_id: UUID) -> list[dict[str, Any]]:
    """Read the refunds of a sale, with the serials that each is about."""
    return tx.execute(SQL["refunds_of_sale"], {"sale_id": sale_id}).fetchall()


def serials_going_back(tx: Transaction, sale_id: UUID) -> frozenset[str]:
    """Read which vouchers of a sale were given back, or are about to be."""
    rows = tx.execute(SQL["serials_going_back"], {"sale_id": sale_id})
    return frozenset(row["serial"] for row in rows)
