"""Reading the log, and holding it against its own hashes."""

import json
from collections.abc import Sequence
from uuid import UUID

from chassis.db import Transaction
from chassis.shapes import Paged
from kernel import chain
from services.accounts.api import log as api
from services.accounts.handlers.deeds import Deed, active
from services.accounts.store import log as store
from services.accounts.store import users


def list_entries(tx: Transaction, page: api.LogPage, *, deed: Deed) -> Paged[api.LogEntry]:
    """List a page of the log, the newest first."""
    active(tx, deed)
    found = store.list_entries(tx, after=page.after, limit=page.limit + 1)
    return Paged.cut(
        [_shown(record) for _, record in found], limit=page.limit, key=lambda entry: entry.sequence
    )


def names(tx: Transaction, entries: Sequence[api.LogEntry]) -> dict[UUID, str]:
    """Find what those are called whom entries are of or about: the log itself has no names."""
    ids = {each for entry in entries for each in (entry.by_user_id, entry.user_id) if each}
    return users.find_display_names(tx, ids)


def verify(tx: Transaction) -> tuple[int, int | None]:
    """Compute the chain anew: how many entries there are, and at which one it breaks, if any."""
    count = 0

    def counted() -> store.Rows:
        nonlocal count
        for row in store.read(tx):
            count += 1
            yield row

    broken_at = chain.first_break(counted())
    return count, broken_at


def _shown(record: str) -> api.LogEntry:
    said = json.loads(record)
    known = {name: said.pop(name) for name in ("sequence", "at", "kind", "by_user_id", "user_id")}
    return api.LogEntry(**known, more={name: str(value) for name, value in said.items()})
