"""Reading a delivery as columns, many lines at a time, and twice: once to check, once to store.

The careful reader, `delivery.read`, says what is a voucher and what is refused.  The fast one is
for the files that operators do send; whatever it is not sure of, it leaves to the careful one.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice

from kernel.money import Cents
from kernel.refusal import Refusal
from services.recharges.domain import delivery
from services.recharges.domain.delivery import COLUMNS, Kind

#: How much of a file is read at a time: some ten thousand lines.
BLOCK_CHARACTERS = 1 << 19
BLOCK_VOUCHERS = 10_000
_SERIALS, _PINS = (
    re.compile(rf"(?:{cell.pattern}\n)*+{cell.pattern}") for cell in (delivery.SERIAL, delivery.PIN)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some vouchers in the order of the file; PINs in clear, so without a representation."""

    serials: list[str]
    pins: list[str]
    kinds: list[Kind]

    def __repr__(self) -> str:
        return f"Block({len(self.serials)} vouchers)"


class _Doubt(Exception):
    """The fast reader would rather have the careful one look."""


class Reader:
    """A delivery that can be read as often as is needed, a block at a time."""

    def __init__(self, text: str, *, face_values: Mapping[str, Cents], on: date) -> None:
        self._text = text
        self._face_values = face_values
        self._on = on
        self._careful = '"' in text
        self._kinds: dict[tuple[str, str, str], Kind] = {}
        self.lines = text.count("\n") + 1

    def survey(self, told: Callable[[int], object]) -> Counter[Kind]:
        """Check every line and count what is delivered, or raise the first refusal.

        `told` hears after each block how many vouchers have been read.
        """
        if not self._careful:
            try:
                return self._survey_fast(told)
            except _Doubt:
                self._careful = True
        counts: Counter[Kind] = Counter()
        seen = delivery.Seen()
        for number, voucher in enumerate(self.vouchers(), start=1):
            seen.add(voucher)
            counts[voucher.kind] += 1
            if number % BLOCK_VOUCHERS == 0:
                told(number)
        return counts

    def blocks(self) -> Iterator[Block]:
        """Yield the vouchers of a delivery that was surveyed."""
        if not self._careful:
            yield from self._fast_blocks()
            return
        vouchers = self.vouchers()
        while some := list(islice(vouchers, BLOCK_VOUCHERS)):
            yield Block(
                serials=[each.serial for each in some],
                pins=[each.pin for each in some],
                kinds=[each.kind for each in some],
            )

    def vouchers(self) -> Iterator[delivery.DeliveredVoucher]:
        """Yield the vouchers one by one, each with its line."""
        return delivery.read(self._text, face_values=self._face_values, on=self._on)

    def _survey_fast(self, told: Callable[[int], object]) -> Counter[Kind]:
        counts: Counter[Kind] = Counter()
        serials: set[str] = set()
        pins: set[str] = set()
        read = 0
        for block in self._fast_blocks():
            counts.update(block.kinds)
            serials.update(block.serials)
            pins.update(block.pins)
            read += len(block.serials)
            if len(serials) != read or len(pins) != read:
                raise _Doubt
            told(read)
        return counts

    def _fast_blocks(self) -> Iterator[Block]:
        header, _, _ = self._text.partition("\n")
        delimiter = delivery.delimiter_of(header)
        names = [name.strip().lower() for name in header.split(delimiter)]
        if any(names.count(name) != 1 for name in COLUMNS):
            raise _Doubt
        text = self._text.rstrip("\n")
        at = len(header)
        while at < len(text):
            end = text.find("\n", at + BLOCK_CHARACTERS)
            end = end if end >= 0 else len(text)
            columns = _columns(text[at:end], delimiter=delimiter, width=len(names))
            yield self._block(*(columns[names.index(name)] for name in COLUMNS))
            at = end

    def _block(
        self,
        serials: list[str],
        pins: list[str],
        offer_codes: list[str],
        face_values: list[str],
        use_by: list[str],
    ) -> Block:
        if not (_SERIALS.fullmatch("\n".join(serials)) and _PINS.fullmatch("\n".join(pins))):
            raise _Doubt
        said = list(zip(offer_codes, face_values, use_by, strict=True))
        for cells in set(said) - self._kinds.keys():
            try:
                self._kinds[cells] = delivery.kind_of(
                    *cells, line_no=0, face_values=self._face_values, on=self._on
                )
            except Refusal:
                raise _Doubt from None
        return Block(serials=serials, pins=pins, kinds=[self._kinds[cells] for cells in said])


def _columns(lines: str, *, delimiter: str, width: int) -> list[list[str]]:
    """Part lines, each with its end before it, into columns without making a list of each line.

    Every line begins a cell, so that as many line ends in the cells of the first column as there
    are lines says that each line has as many cells as the first has names.
    """
    count = lines.count("\n")
    cells = lines.replace("\n", f"{delimiter}\n").split(delimiter)
    first = "".join(cells[1::width])
    if len(cells) - 1 != count * width or first.count("\n") != count:
        raise _Doubt
    return [first[1:].split("\n"), *(cells[place::width] for place in range(2, width + 1))]
