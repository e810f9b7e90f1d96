"""Lays a sheet out as one self-contained HTML page: no script, nothing fetched from anywhere."""

from enum import StrEnum
from functools import cache

import jinja2

from services.recharges.printing.sheet import Sheet


class Paper(StrEnum):
    """What a page is printed on; the value names its style sheet."""

    ROLL = "roll"  # 80 mm, from a browser
    A5 = "a5"  # the PDF


def render(sheet: Sheet, *, paper: Paper = Paper.ROLL) -> str:
    """Return the page; every text in it is escaped."""
    return _template().render(
        sheet=sheet,
        paper_style=f"{paper}.css",
        shape=lambda block: type(block).__name__,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("services.recharges.printing"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html")
