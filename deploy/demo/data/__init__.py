"""The demonstration network's real input: made from a fixed seed, the same bytes on every run.

`demonstration(today=...)` builds everything as values; `write(made, folder)` writes the files an
operator, a donor company or a referrer would send; `python -m deploy.demo.data FOLDER` does both.
Each part draws from a generator of its own, so that changing one part leaves the others alone.
Dates hang on `today` (use-by dates ahead, debts behind), so a demonstration never goes stale:
the same seed and the same day give the same bytes.  Persons, tokens, PINs and IMEIs are invented.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from deploy.demo.data import debts, devices, network, option_report, people, vouchers
from deploy.demo.data.debts import DebtFile
from deploy.demo.data.devices import Lot
from deploy.demo.data.network import Network
from deploy.demo.data.option_report import OptionReport
from deploy.demo.data.people import Person
from deploy.demo.data.vouchers import Delivery

# The day the files in the documentation and the tests were made on.
REFERENCE_DAY = date(2026, 11, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """Everything the demonstration starts with, as values."""

    today: date
    network: Network
    people: tuple[Person, ...]
    deliveries: tuple[Delivery, ...]
    option_reports: tuple[OptionReport, ...]
    lot: Lot
    debt_files: tuple[DebtFile, ...]


def demonstration(*, today: date = REFERENCE_DAY) -> Demonstration:
    """Make it all, as on the given day."""
    referred = people.make()
    return Demonstration(
        today=today,
        network=network.make(),
        people=referred,
        deliveries=vouchers.make(today=today),
        option_reports=option_report.make(today=today),
        lot=devices.make(today=today),
        debt_files=debts.make(referred, today=today),
    )


def write(made: Demonstration, folder: Path) -> list[Path]:
    """Write every file under `folder` and return their paths, in a fixed order."""
    files: dict[str, bytes] = {
        "network.json": _json(asdict(made.network)),
        "people.json": _json([person.referral() for person in made.people]),
        "vouchers/delivery-note.json": _json([delivery.note() for delivery in made.deliveries]),
        "devices.json": _json(asdict(made.lot)),
    }
    files |= {f"vouchers/{each.file_name}": each.content for each in made.deliveries}
    files |= {f"option-reports/{each.file_name}": each.content for each in made.option_reports}
    files |= {f"debts/{each.file_name}": _json(asdict(each)) for each in made.debt_files}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [folder / name for name in files]


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode()
