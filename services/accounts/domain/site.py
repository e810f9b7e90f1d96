"""Reception points."""

from dataclasses import dataclass

from kernel.refusal import NotFound, Refusal


class SiteTaken(Refusal):
    """There is a site {site_code} already."""

    code = "accounts.site.taken"


class SiteUnknown(NotFound):
    """There is no site {site_code}."""

    code = "accounts.site.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A reception point, under the code that every service knows it by."""

    site_code: str
    name: str
    address: str
    open: bool = True
