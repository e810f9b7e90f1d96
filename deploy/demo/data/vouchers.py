"""An operator's delivery of 5,000 vouchers: two batches, each in one portion per selling site.

A voucher file goes to one site, so the batch `SFR-2026-11-A` comes as three files with the same
batch identifier, one for each selling site, and each has its own line on the delivery note with
its two control totals; the same for `SFR-2026-11-B`.  Batch A comes as UTF-8 with semicolons,
batch B as cp1252 with commas, Windows line ends and a label that nobody asked for, as an older
system of the operator still writes them.  PINs have 14 digits; nothing here opens any real account.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from deploy.demo.data.network import SELLING
from deploy.demo.data.seed import generator, month_end, month_of

COLUMNS = ("serial", "pin", "offer_code", "face_value_cents", "use_by")
FACE_VALUE_CENTS = {"sfr-15": 1_500, "sfr-500mo": 500}
_LABELS = {"sfr-15": "Recharge à 15 €", "sfr-500mo": "Recharge internet 500 Mo prépayée"}
# Months from today to the end of the month in which a voucher must have been used.
_USE_BY_MONTHS = (2, 4, 7, 13)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    letter: str
    encoding: str
    delimiter: str
    line_end: str
    is_labelled: bool
    sfr_15: tuple[int, int, int]  # vouchers for each of SELLING
    sfr_500mo: tuple[int, int, int]


_BATCHES = (
    _Batch(
        letter="A",
        encoding="utf-8",
        delimiter=";",
        line_end="\n",
        is_labelled=False,
        sfr_15=(900, 700, 600),
        sfr_500mo=(300, 300, 200),
    ),
    _Batch(
        letter="B",
        encoding="cp1252",
        delimiter=",",
        line_end="\r\n",
        is_labelled=True,
        sfr_15=(600, 500, 400),
        sfr_500mo=(200, 200, 100),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One file for one site: what `relais recharges import-vouchers` takes."""

    operator: str
    batch: str
    site_code: str
    file_name: str
    encoding: str
    delimiter: str
    count: int
    face_value_cents: int
    count_by_offer: dict[str, int]
    content: bytes

    def note(self) -> dict[str, Any]:
        """This file's line of the operator's delivery note."""
        return {
            "file": self.file_name,
            "operator": self.operator,
            "batch": self.batch,
            "site_code": self.site_code,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "count": self.count,
            "face_value_cents": self.face_value_cents,
            "count_by_offer": self.count_by_offer,
        }


def make(*, today: date) -> tuple[Delivery, ...]:
    """Make the six files, batch by batch."""
    rng = generator("vouchers")
    # Some begin with a zero, which a reader that takes PINs for numbers would lose.
    pins = (f"{pin:014d}" for pin in rng.sample(range(10**14), 5_000))
    serials = iter(range(330_026_110_001, 330_026_115_001))
    return tuple(
        _portion(
            batch,
            site_code=site_code,
            count_by_offer={
                "sfr-15": batch.sfr_15[place],
                "sfr-500mo": batch.sfr_500mo[place],
            },
            numbers=zip(serials, pins, strict=True),
            rng=rng,
            today=today,
        )
        for batch in _BATCHES
        for place, site_code in enumerate(SELLING)
    )


def _portion(
    batch: _Batch,
    *,
    site_code: str,
    count_by_offer: dict[str, int],
    numbers: Iterator[tuple[int, str]],
    rng: Random,
    today: date,
) -> Delivery:
    offers = [offer for offer, count in count_by_offer.items() for _ in range(count)]
    use_by_dates = [month_end(today, months=months) for months in _USE_BY_MONTHS]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=batch.delimiter, lineterminator=batch.line_end)
    writer.writerow((*COLUMNS, "libellé") if batch.is_labelled else COLUMNS)
    for offer in offers:
        serial, pin = next(numbers)
        row = (serial, pin, offer, FACE_VALUE_CENTS[offer], rng.choice(use_by_dates))
        writer.writerow((*row, _LABELS[offer]) if batch.is_labelled else row)
    name = f"SFR-{month_of(today, months=0)}-{batch.letter}"
    return Delivery(
        operator="sfr",
        batch=name,
        site_code=site_code,
        file_name=f"{name}.{site_code}.csv",
        encoding=batch.encoding,
        delimiter=batch.delimiter,
        count=len(offers),
        face_value_cents=sum(FACE_VALUE_CENTS[offer] for offer in offers),
        count_by_offer=count_by_offer,
        content=text.getvalue().encode(batch.encoding),
    )
