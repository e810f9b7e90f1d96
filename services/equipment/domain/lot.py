"""A donor's delivery of devices, and the site it came to."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.refusal import NotFound, Refusal


class SiteUnknown(Refusal):
    """The site {site_code} is not known here yet."""

    code = "equipment.site.unknown"


class LotUnknown(NotFound):
    """There is no such lot."""

    code = "equipment.lot.unknown"


class LotCodeTaken(Refusal):
    """A lot {lot_code} has already been entered."""

    code = "equipment.lot.code_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What one donor gave on one day; its devices may go to several sites."""

    lot_id: UUID
    lot_code: str
    site_code: str
    donor: str
    convention: str | None
    received_on: date
    weight_grams: int
