"""Reception points."""

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from services.accounts import events
from services.accounts.api import sites as api
from services.accounts.domain.record import Kind
from services.accounts.domain.site import Site, SiteTaken
from services.accounts.handlers.deeds import Deed, active, note
from services.accounts.store import sites as store


def open_site(tx: Transaction, body: api.OpenSite, *, deed: Deed) -> api.Site:
    """Open a reception point and tell everybody."""
    active(tx, deed)
    site = Site(site_code=body.site_code, name=body.name, address=body.address)
    if not store.add_site(tx, site, now=deed.now):
        raise SiteTaken(site_code=site.site_code)
    told = events.SiteOpened(site_code=site.site_code, name=site.name, address=site.address)
    code = site.site_code
    outbox.append(tx, [told.tell(id=deed.new_id(), subject=code, site=code, at=deed.now)])
    note(tx, Kind.SITE_OPENED, deed=deed, site_code=code)
    return api.Site(site_code=code, name=site.name, address=site.address, open=True)


def list_sites(tx: Transaction) -> list[api.Site]:
    """List every reception point."""
    return [
        api.Site(site_code=site.site_code, name=site.name, address=site.address, open=site.open)
        for site in store.list_sites(tx)
    ]


def site_names(tx: Transaction, *, seen_by: Caller | None = None) -> dict[str, str]:
    """Return what sites are called, by their codes: all of them, or those that a caller sees."""
    return {
        site.site_code: site.name
        for site in store.list_sites(tx)
        if seen_by is None or seen_by.works_at(site.site_code)
    }
