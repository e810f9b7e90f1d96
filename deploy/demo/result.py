"""What a played day comes to: what was done, what was refused, what each service then knew."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

from chassis import texts

_LANGUAGE = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One day of the network; amounts are in cents."""

    day: int
    seconds: float
    done: dict[str, int]
    refused: dict[str, int]
    cents: dict[str, int]
    known: dict[str, dict[str, int]]

    def to_json(self) -> str:
        """Return the day as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Show small tables: the day, its money, its refusals, and what the services know."""
        if self.done:
            yield from self._day()
        for service, figures in self.known.items():
            yield _figures(f"What {service} knows", figures)

    def _day(self) -> Iterator[Table]:
        yield self._table("Day played", self.done | {"seconds": round(self.seconds)}, cents=False)
        yield self._table("Money of the day", self.cents, cents=True)
        yield self._table("Refused, as it should be", self.refused, cents=False)

    def _table(self, title: str, rows: dict[str, int], *, cents: bool) -> Table:
        table = Table(title=title, title_justify="left", show_header=False, min_width=46)
        table.add_column()
        table.add_column(justify="right")
        for name, value in rows.items():
            table.add_row(name, texts.amount(value, language=_LANGUAGE) if cents else str(value))
        return table


def _figures(title: str, figures: dict[str, int]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, min_width=46)
    table.add_column()
    table.add_column(justify="right")
    for name, value in figures.items():
        if name.endswith(" cents"):
            table.add_row(name.removesuffix(" cents"), texts.amount(value, language=_LANGUAGE))
        else:
            table.add_row(name, str(value))
    return table
