"""An operator's voucher delivery: the file, line by line, and what is refused in it.

The file is CSV with `;` or `,`, in UTF-8 or cp1252, its first row naming the columns
`serial, pin, offer_code, face_value_cents, use_by` in any order.  All or nothing: the first line
that is not as it should be refuses the whole file, and the refusal names the line as an editor
counts it, the row of column names being line 1.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from kernel.money import Cents
from kernel.refusal import NotFound, Refusal

COLUMNS = ("serial", "pin", "offer_code", "face_value_cents", "use_by")
SERIAL = re.compile(r"[A-Za-z0-9-]{4,40}")
PIN = re.compile(r"[A-Za-z0-9]{6,32}")
_AMOUNT = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class SiteUnknown(NotFound):
    """There is no site {site_code}."""

    code = "recharges.delivery.site_unknown"


class EncodingUnknown(Refusal):
    """The file is neither UTF-8 nor cp1252 (line {line_no}): was it saved as something else?"""

    code = "recharges.delivery.encoding_unknown"


class ColumnsMissing(Refusal):
    """Line 1 must name the columns serial, pin, offer_code, face_value_cents, use_by: {missing}."""

    code = "recharges.delivery.columns_missing"


class ColumnTwice(Refusal):
    """Line 1 names a column twice: {twice}."""

    code = "recharges.delivery.column_twice"


class LineBroken(Refusal):
    """Line {line_no} is broken: it cannot be split into cells."""

    code = "recharges.delivery.line_broken"


class CellsDiffer(Refusal):
    """Line {line_no} holds {found} cells instead of {expected}."""

    code = "recharges.delivery.cells_differ"


class SerialMalformed(Refusal):
    """Line {line_no}: the serial is not 4 to 40 letters, digits and hyphens."""

    code = "recharges.delivery.serial_malformed"


class PinMalformed(Refusal):
    """Line {line_no}: the PIN is not 6 to 32 letters and digits."""

    code = "recharges.delivery.pin_malformed"


class OfferUnknown(Refusal):
    """Line {line_no}: the operator has no offer {offer_code}."""

    code = "recharges.delivery.offer_unknown"


class FaceValueMalformed(Refusal):
    """Line {line_no}: the face value is not a whole number of cents."""

    code = "recharges.delivery.face_value_malformed"


class FaceValueWrong(Refusal):
    """Line {line_no}: the face value is {found_cents}, the offer's is {expected_cents}."""

    code = "recharges.delivery.face_value_wrong"


class UseByMalformed(Refusal):
    """Line {line_no}: the use-by day is not a day written YYYY-MM-DD."""

    code = "recharges.delivery.use_by_malformed"


class UseByPassed(Refusal):
    """Line {line_no}: the voucher had to be used by {use_by_on}."""

    code = "recharges.delivery.use_by_passed"


class SerialTwice(Refusal):
    """Line {line_no}: the serial {serial} stands on line {first_line_no} already."""

    code = "recharges.delivery.serial_twice"


class PinTwice(Refusal):
    """Line {line_no}: the PIN of serial {serial} stands on line {first_line_no} already."""

    code = "recharges.delivery.pin_twice"


class SerialKnown(Refusal):
    """Line {line_no}: the voucher with serial {serial} was received before."""

    code = "recharges.delivery.serial_known"


class PinKnown(Refusal):
    """Line {line_no}: the PIN of serial {serial} belongs to a voucher received before."""

    code = "recharges.delivery.pin_known"


class CountDiffers(Refusal):
    """The delivery note says {expected} vouchers and the file holds {found}."""

    code = "recharges.delivery.count_differs"


class FaceValueDiffers(Refusal):
    """The delivery note says {expected_cents} in all and the file holds {found_cents}."""

    code = "recharges.delivery.face_value_differs"


class Empty(Refusal):
    """The file holds no voucher."""

    code = "recharges.delivery.empty"


class Kind(NamedTuple):
    """What vouchers that lie side by side have in common; sorted by it."""

    offer_code: str
    use_by: date
    face_value_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredVoucher:
    """One line of the file; the PIN is in clear, and goes no further than its seal."""

    line_no: int
    serial: str
    pin: str
    kind: Kind

    def __repr__(self) -> str:
        return f"DeliveredVoucher(line_no={self.line_no}, serial={self.serial!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A run of vouchers of one kind: positions [first, end)."""

    kind: Kind
    first_position: int
    end_position: int


def decode(content: bytes) -> str:
    """Read the bytes as UTF-8, else as cp1252; refuse anything else, naming the line.

    A line ends where an editor ends it, unlike for str.splitlines: there is `\\n` after each.
    """
    if b"\x00" in content:  # UTF-16 and binary files
        raise EncodingUnknown(line_no=content.count(b"\n", 0, content.index(b"\x00")) + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError as error:
            raise EncodingUnknown(line_no=content.count(b"\n", 0, error.start) + 1) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read(text: str, *, face_values: Mapping[str, Cents], on: date) -> Iterator[DeliveredVoucher]:
    """Yield the vouchers of a file in turn; raise the first refusal.

    `face_values` says what each offer of this operator is worth, `on` the day of the import: a
    voucher that can no longer be used is no voucher.
    """
    rows = _rows(_lines(text), delimiter=delimiter_of(text.partition("\n")[0]))
    _, cells = next(rows, (1, []))
    header = [cell.strip().lower() for cell in cells]
    if missing := [name for name in COLUMNS if name not in header]:
        raise ColumnsMissing(missing=", ".join(missing))
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise ColumnTwice(twice=", ".join(twice))
    places = {name: header.index(name) for name in COLUMNS}
    for line_no, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise CellsDiffer(line_no=line_no, found=len(cells), expected=len(header))
        cell = {name: cells[place].strip() for name, place in places.items()}
        yield _voucher(cell, line_no=line_no, face_values=face_values, on=on)


def delimiter_of(header: str) -> str:
    """Say what parts the cells, from the line of column names."""
    return ";" if header.count(";") >= header.count(",") else ","


def _lines(text: str) -> Iterator[str]:
    at = 0
    while (end := text.find("\n", at)) >= 0:
        yield text[at:end]
        at = end + 1
    yield text[at:]


def _rows(lines: Iterable[str], *, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of the file, each with the number of its (last) line."""
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    line_no = 0
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise LineBroken(line_no=rows.line_num) from error
        line_no += 1
        if rows.line_num != line_no:  # a quoted cell that runs over the end of its line
            raise LineBroken(line_no=line_no)
        yield line_no, cells


def _voucher(
    cell: Mapping[str, str], *, line_no: int, face_values: Mapping[str, Cents], on: date
) -> DeliveredVoucher:
    if not SERIAL.fullmatch(cell["serial"]):
        raise SerialMalformed(line_no=line_no)
    if not PIN.fullmatch(cell["pin"]):
        raise PinMalformed(line_no=line_no)
    kind = kind_of(
        cell["offer_code"],
        cell["face_value_cents"],
        cell["use_by"],
        line_no=line_no,
        face_values=face_values,
        on=on,
    )
    return DeliveredVoucher(line_no=line_no, serial=cell["serial"], pin=cell["pin"], kind=kind)


def kind_of(
    offer_code: str,
    face_value_cents: str,
    use_by: str,
    *,
    line_no: int,
    face_values: Mapping[str, Cents],
    on: date,
) -> Kind:
    """Read what a line says besides serial and PIN, or refuse it."""
    worth = face_values.get(offer_code)
    if worth is None:
        raise OfferUnknown(line_no=line_no, offer_code=offer_code[:40])
    if not _AMOUNT.fullmatch(face_value_cents):
        raise FaceValueMalformed(line_no=line_no)
    found = int(face_value_cents)
    if found != worth:
        raise FaceValueWrong(line_no=line_no, found_cents=found, expected_cents=worth)
    return Kind(offer_code, _use_by(use_by, line_no=line_no, on=on), worth)


def _use_by(text: str, *, line_no: int, on: date) -> date:
    if not _DAY.fullmatch(text):  # Python reads other forms of ISO 8601 as well
        raise UseByMalformed(line_no=line_no)
    try:
        use_by = date.fromisoformat(text)
    except ValueError as error:
        raise UseByMalformed(line_no=line_no) from error
    if use_by < on:
        raise UseByPassed(line_no=line_no, use_by_on=use_by)
    return use_by


class Seen:
    """Finds the first serial or PIN that stands in a file twice."""

    def __init__(self) -> None:
        self._serials: dict[str, int] = {}
        self._pins: dict[str, int] = {}

    def add(self, voucher: DeliveredVoucher) -> None:
        """Remember a voucher, or refuse it."""
        first = self._serials.setdefault(voucher.serial, voucher.line_no)
        if first != voucher.line_no:
            raise SerialTwice(line_no=voucher.line_no, serial=voucher.serial, first_line_no=first)
        first = self._pins.setdefault(voucher.pin, voucher.line_no)
        if first != voucher.line_no:
            raise PinTwice(line_no=voucher.line_no, serial=voucher.serial, first_line_no=first)


def check_totals(
    counts: Mapping[Kind, int], *, count: int | None, face_value_cents: int | None
) -> None:
    """Hold the file against the delivery note's two control totals, where they are given."""
    total = sum(counts.values())
    if not total:
        raise Empty()
    if count is not None and count != total:
        raise CountDiffers(expected=count, found=total)
    found = worth(counts)
    if face_value_cents is not None and face_value_cents != found:
        raise FaceValueDiffers(expected_cents=face_value_cents, found_cents=found)


def worth(counts: Mapping[Kind, int]) -> int:
    """Add up the face values of so many vouchers of each kind."""
    return sum(kind.face_value_cents * count for kind, count in counts.items())


def arrange(counts: Mapping[Kind, int]) -> list[Range]:
    """Put vouchers of one offer and use-by day side by side, the first at position 1."""
    ranges: list[Range] = []
    position = 1
    for kind in sorted(counts):
        end = position + counts[kind]
        ranges.append(Range(kind=kind, first_position=position, end_position=end))
        position = end
    return ranges
