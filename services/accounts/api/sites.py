"""The shapes of reception points."""

from chassis.http import Answer
from services.accounts.api import Line, SiteCode, Strict


class OpenSite(Strict):
    """A reception point that opens."""

    site_code: SiteCode
    name: Line
    address: Line


class Site(Answer):
    """A reception point."""

    site_code: str
    name: str
    address: str
    open: bool
