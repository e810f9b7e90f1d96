"""Lays a sheet out as an accessible PDF (PDF/UA-1), from the same HTML."""

from chassis.press import press
from services.recharges.printing import html
from services.recharges.printing.html import Paper
from services.recharges.printing.sheet import Sheet


def render(sheet: Sheet) -> bytes:
    """Return the document; it is printed in a process of its own."""
    return press().print(html.render(sheet, paper=Paper.A5))
