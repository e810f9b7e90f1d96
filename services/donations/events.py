"""What donations tells.  Field names here are promises; tokens never leave the service."""

from typing import Any, ClassVar
from uuid import UUID

from chassis.facts import Fact

# An operator's customers belong to no reception point.
SITE = "network"


class OptionReported(Fact):
    """An operator's report of the 1 euro option was taken, whole."""

    TYPE: ClassVar[str] = "donations.option.reported.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "report_id": "01932d3a-7c00-7000-8000-000000000001",
        "operator": "sfr",
        "period": "2026-10",
        "lines": 10000,
        "billed_cents": 962000,
        "reversed_cents": -30000,
        "adjusted_cents": -3300,
        "total_cents": 928700,
    }

    report_id: UUID
    operator: str
    period: str
    lines: int
    billed_cents: int
    reversed_cents: int
    adjusted_cents: int
    total_cents: int
