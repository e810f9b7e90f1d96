"""The days on which people came, as rows."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from services.recharges.store import SQL

#: Two years of weekly visits, after which a person who stays away is forgotten.
_SHOWN_MAX = 104


def list_visits(
    tx: Transaction, person_refs: Sequence[UUID], *, site_codes: Sequence[str] | None
) -> list[dict[str, Any]]:
    """List the days on which a person bought at some sites or all, the latest first."""
    return tx.execute(
        SQL["list_visits"],
        {
            "person_refs": list(person_refs),
            "site_codes": site_codes,
            "limit": _SHOWN_MAX,
        },
    ).fetchall()
