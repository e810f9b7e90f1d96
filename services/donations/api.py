"""The shapes of donations' HTTP queries and answers."""

from uuid import UUID

from chassis.shapes import Answer, Parameters


class WhichReports(Parameters):
    """Whose reports are listed: one operator's, or all that the caller may see."""

    operator: str | None = None


class OptionReport(Answer):
    """One operator's report of one month."""

    report_id: UUID
    operator: str
    period: str
    lines: int
    billed_cents: int
    reversed_cents: int
    adjusted_cents: int
    total_cents: int
    unmatched_reversals: int


class OperatorTotals(Answer):
    """All reports of one operator together."""

    operator: str
    reports: int
    lines: int
    billed_cents: int
    reversed_cents: int
    adjusted_cents: int
    total_cents: int
    unmatched_reversals: int


class OptionReports(Answer):
    """The newest reports, and what every report of each operator adds up to."""

    reports: list[OptionReport]
    operators: list[OperatorTotals]
