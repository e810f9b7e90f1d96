"""Lays a sheet out for a receipt printer: ESC/POS bytes, 48 columns on a roll of 80 mm."""

import json
import os
import shutil
import textwrap
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import yaml

from services.recharges.printing.sheet import Banner, Block, Card, Row, Sheet, Table


@contextmanager
def _read_as_what_it_is() -> Iterator[None]:
    """Let python-escpos read its JSON of all printers as JSON: as YAML it takes half a second."""
    slow, yaml.safe_load = yaml.safe_load, cast(Any, json.load)
    try:
        yield
    finally:
        yaml.safe_load = slow


with _read_as_what_it_is():
    from escpos import capabilities
    from escpos.printer import Dummy

# It keeps them for the next time in a new folder, which no next time finds.
if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
    shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)

COLUMNS = 48
#: Holds every French letter, œ included, the euro and the typographic signs.
CODE_PAGE = "CP1252"
_DOUBLE = 2


def render(sheet: Sheet) -> bytes:
    """Return what to send to the printer, the cut of the paper included."""
    roll = _Roll()
    roll.centred(sheet.place, size=_DOUBLE, bold=True)
    for line in sheet.seller:
        roll.centred(line)
    roll.centred(sheet.desk)
    roll.centred(sheet.title, bold=True)
    roll.centred(sheet.stamp)
    for block in sheet.blocks:
        _print(roll, block)
    return roll.cut()


def _print(roll: "_Roll", block: Block) -> None:
    match block:
        case Banner():
            roll.banner(block)
        case Table():
            roll.rule()
            if block.heading:
                roll.left(block.heading, bold=True)
            for row in block.rows:
                roll.row(row)
        case Card():
            roll.card(block)


class _Roll:
    """The paper: each method prints whole lines, none wider than the roll."""

    def __init__(self) -> None:
        self._printer = Dummy()
        self._printer.hw("INIT")
        self._printer.magic.force_encoding(CODE_PAGE)

    def cut(self) -> bytes:
        self._printer.cut()
        printed: bytes = self._printer.output
        return printed

    def rule(self) -> None:
        self._lines(["-" * COLUMNS])

    def centred(self, text: str, *, size: int = 1, bold: bool = False) -> None:
        self._lines(_wrapped(text, columns=COLUMNS // size), align="center", size=size, bold=bold)

    def left(self, text: str, *, size: int = 1, bold: bool = False) -> None:
        self._lines(_wrapped(text, columns=COLUMNS // size), size=size, bold=bold)

    def row(self, row: Row) -> None:
        if not row.detail:
            self._lines(_facing(row.label, row.value), bold=row.strong)
            return
        self.left(row.label)
        self._lines(_facing(f"  {row.detail}", row.value))

    def banner(self, banner: Banner) -> None:
        self._lines(["=" * COLUMNS])
        self.centred(banner.text, size=_DOUBLE, bold=True)
        if banner.detail:
            self.centred(banner.detail)

    def card(self, card: Card) -> None:
        self._lines(["=" * COLUMNS])
        self.left(card.operator, size=_DOUBLE, bold=True)
        self._lines(_facing(card.offer, card.value))
        self._lines([""])
        self.centred(card.pin_label)
        if card.pin:
            self.centred(" ".join(card.pin), size=_DOUBLE, bold=True)
        self._lines([""])
        for row in card.rows:
            self.row(row)
        if card.advice:
            self.left(card.advice)

    def _lines(
        self, lines: list[str], *, align: str = "left", size: int = 1, bold: bool = False
    ) -> None:
        self._printer.set(align=align, width=size, height=size, custom_size=True, bold=bold)
        for line in lines:
            self._printer.textln(line)


def _facing(label: str, value: str) -> list[str]:
    """Put a label on the left and its value on the right, on one line if they fit."""
    label, value = _encodable(label), _encodable(value)
    if not value:
        return _wrapped(label)
    if len(label) + 1 + len(value) <= COLUMNS:
        return [label + value.rjust(COLUMNS - len(label))]
    return [*_wrapped(label), *(line.rjust(COLUMNS) for line in _wrapped(value))]


def _wrapped(text: str, *, columns: int = COLUMNS) -> list[str]:
    return textwrap.wrap(_encodable(text), columns, drop_whitespace=True) or [""]


def _encodable(text: str) -> str:
    """Write a text in what the printer has: odd spaces plain, unknown letters without accents."""
    written = []
    for char in text:
        if unicodedata.category(char) == "Zs":
            written.append(" ")
        elif char == "\N{MINUS SIGN}":
            written.append("-")
        elif _has(char):
            written.append(char)
        else:
            bare = unicodedata.normalize("NFKD", char)
            written.append("".join(part for part in bare if part.isascii()) or "?")
    return "".join(written)


def _has(char: str) -> bool:
    try:
        char.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True
