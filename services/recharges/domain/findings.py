"""What a check of an archive found, and what it had to leave out.

Of findings the first hundred are kept and all are counted.  A reserve is no finding: it says what
the file alone cannot prove.
"""

from dataclasses import dataclass, field

from services.recharges.domain.journal import Kind

FINDINGS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was sealed; `what` is a sentence with places for the values."""

    what: str
    kind: Kind | None = None
    sequence: int | None = None
    line: int | None = None
    values: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.what.format_map(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Something that this check leaves out; `what` is a sentence with places for the values."""

    what: str
    values: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.what.format_map(self.values)


@dataclass(slots=True)
class Findings:
    """Findings as they come; only the first are kept, all are counted."""

    kept: list[Finding] = field(default_factory=list)
    count: int = 0
    #: The line being read, which every finding is given.
    line: int | None = None

    def add(
        self, what: str, kind: Kind | None = None, sequence: int | None = None, **values: object
    ) -> None:
        """Keep a finding about a record, or about the file where no record is named."""
        self.count += 1
        if len(self.kept) < FINDINGS_MAX:
            self.kept.append(
                Finding(what=what, kind=kind, sequence=sequence, line=self.line, values=values)
            )
