"""An operator's voucher delivery: the file, line by line, and what is refused in it.

The file is CSV with `;` or `,`, in UTF-8 or cp1252, its first row naming the columns
`serial, pin, offer_code, face_value_cents, use_by` in any order.  All or nothing: the first line
that is not as it should be refuses the whole file, and the refusal names the line as an editor
counts it, the row of column names being line 1.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kernel.money import Cents
from kernel.refusal import Refusal

COLUMNS = ("serial", "pin", "offer_code", "face_value_cents", "use_by")
_SERIAL = re.compile(r"[A-Za-z0-9-]{4,40}")
_PIN = re.compile(r"[A-Za-z0-9]{6,32}")
_AMOUNT = re.compile(r"[0-9]{1,9}")


class EncodingUnknown(Refusal):
    """The file is neither UTF-8 nor cp1252 (line {line_no}): was it saved as something else?"""

    code = "recharges.delivery.encoding_unknown"


class ColumnsMissing(Refusal):
    """Line 1 must name the columns serial, pin, offer_code, face_value_cents, use_by: {missing}."""

    code = "recharges.delivery.columns_missing"


class LineBroken(Refusal):
    """Line {line_no} is broken: {reason}."""

    code = "recharges.delivery.line_broken"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredVoucher:
    """One line of the file; the PIN is in clear, and goes no further than its seal."""

    line_no: int
    serial: str
    pin: str
    offer_code: str
    face_value_cents: Cents
    use_by: date

    def __repr__(self) -> str:
        return f"DeliveredVoucher(line_no={self.line_no}, serial={self.serial!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A run of vouchers of one offer, worth and use-by day: positions [first, end)."""

    offer_code: str
    face_value_cents: Cents
    use_by: date
    first_position: int
    end_position: int


def decode(content: bytes) -> str:
    """Read the bytes as UTF-8, else as cp1252; refuse anything else, naming the line."""
    if b"\x00" in content:  # UTF-16 and binary files
        raise EncodingUnknown(line_no=content.count(b"\n", 0, content.index(b"\x00")) + 1)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise EncodingUnknown(line_no=content.count(b"\n", 0, error.start) + 1) from error


def read(text: str, *, face_values: Mapping[str, Cents], on: date) -> Iterator[DeliveredVoucher]:
    """Yield the vouchers of a file in turn; raise the first refusal.

    `face_values` says what each offer of this operator is worth, `on` the day of the import: a
    voucher that can no longer be used is no voucher.
    """
    first, _, _ = text.partition("\n")
    delimiter = ";" if first.count(";") >= first.count(",") else ","
    rows = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    header = [cell.strip().lower() for cell in next(rows, [])]
    if missing := [name for name in COLUMNS if name not in header]:
        raise ColumnsMissing(missing=", ".join(missing))
    places = {name: header.index(name) for name in COLUMNS}
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise LineBroken(line_no=rows.line_num, reason=str(error)) from error
        if cells and any(cell.strip() for cell in cells):
            yield _voucher(cells, places, rows.line_num, len(header), face_values, on)


def _voucher(
    cells: Sequence[str],
    places: Mapping[str, int],
    line_no: int,
    width: int,
    face_values: Mapping[str, Cents],
    on: date,
) -> DeliveredVoucher:
    if len(cells) != width:
        raise LineBroken(line_no=line_no, reason=f"{len(cells)} cells instead of {width}")
    cell = {name: cells[place].strip() for name, place in places.items()}
    if not _SERIAL.fullmatch(cell["serial"]):
        raise LineBroken(line_no=line_no, reason="the serial is not 4 to 40 letters and digits")
    if not _PIN.fullmatch(cell["pin"]):
        raise LineBroken(line_no=line_no, reason="the PIN is not 6 to 32 letters and digits")
    if not _AMOUNT.fullmatch(cell["face_value_cents"]):
        raise LineBroken(line_no=line_no, reason="the face value is not a whole number of cents")
    worth = face_values.get(cell["offer_code"])
    if worth is None:
        raise LineBroken(line_no=line_no, reason=f"unknown offer {cell['offer_code'][:40]!r}")
    if int(cell["face_value_cents"]) != worth:
        reason = f"the face value is {cell['face_value_cents']}, the offer's is {worth}"
        raise LineBroken(line_no=line_no, reason=reason)
    try:
        use_by = date.fromisoformat(cell["use_by"])
    except ValueError as error:
        reason = "the use-by day is not written YYYY-MM-DD"
        raise LineBroken(line_no=line_no, reason=reason) from error
    if use_by < on:
        raise LineBroken(line_no=line_no, reason=f"the use-by day {use_by} has passed")
    return DeliveredVoucher(
        line_no=line_no,
        serial=cell["serial"],
        pin=cell["pin"],
        offer_code=cell["offer_code"],
        face_value_cents=worth,
        use_by=use_by,
    )


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
    vouchers: Sequence[DeliveredVoucher], *, count: int | None, face_value_cents: int | None
) -> None:
    """Hold the file against the delivery note's two control totals, where they are given."""
    if not vouchers:
        raise Empty()
    if count is not None and count != len(vouchers):
        raise CountDiffers(expected=count, found=len(vouchers))
    found = sum(voucher.face_value_cents for voucher in vouchers)
    if face_value_cents is not None and face_value_cents != found:
        raise FaceValueDiffers(expected_cents=face_value_cents, found_cents=found)


def arrange(vouchers: Iterable[DeliveredVoucher]) -> tuple[list[DeliveredVoucher], list[Range]]:
    """Put vouchers of one offer and use-by day side by side; return them in place, with ranges.

    The voucher at index i takes position i + 1.
    """
    placed = sorted(vouchers, key=lambda each: (each.offer_code, each.use_by, each.line_no))
    runs = Counter((each.offer_code, each.face_value_cents, each.use_by) for each in placed)
    ranges: list[Range] = []
    position = 1
    for (offer_code, face_value_cents, use_by), count in runs.items():
        ranges.append(
            Range(
                offer_code=offer_code,
                face_value_cents=face_value_cents,
                use_by=use_by,
                first_position=position,
                end_position=position + count,
            )
        )
        position += count
    return placed, ranges
