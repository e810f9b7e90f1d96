"""Reception points, as rows."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from chassis.db import Transaction
from services.accounts.domain.site import Site
from services.accounts.store import SQL


def add_site(tx: Transaction, site: Site, *, now: datetime) -> bool:
    """Open the site; say False when its code is taken."""
    return tx.execute(SQL["add_site"], asdict(site) | {"now": now}).rowcount == 1


def list_sites(tx: Transaction) -> list[Site]:
    """List every site."""
    return [Site(**row) for row in tx.execute(SQL["list_sites"])]


def find_only_name(tx: Transaction, site_codes: Collection[str]) -> str | None:
    """Return the name of the one site among these codes; None when there are none or several."""
    if len(site_codes) != 1:
        return None
    row = tx.execute(SQL["find_site_name"], {"site_code": next(iter(site_codes))}).fetchone()
    return None if row is None else row["name"]


def find_unknown_sites(tx: Transaction, site_codes: Collection[str]) -> list[str]:
    """List the codes that name no open site."""
    rows = tx.execute(SQL["find_unknown_sites"], {"site_codes": list(site_codes)})
    return [row["site_code"] for row in rows]
