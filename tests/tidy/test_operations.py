"""What is promised to whoever runs Relais is what the code has."""

import re

from deploy.local.home import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
#: A counter's name ends in _total when it is shown; the code leaves that to the library.
_MADE = re.compile(r"\b(Counter|Gauge|Histogram)\(\s*\"(relais_\w+)\"")


def made() -> set[str]:
    """Every metric of the chassis and the services, under the name it is shown by."""
    found = set()
    for folder in ("chassis", "services"):
        for file in (ROOT / folder).rglob("*.py"):
            for kind, name in _MADE.findall(file.read_text(encoding="utf-8")):
                found.add(f"{name}_total" if kind == "Counter" else name)
    return found


class TestOperations:
    def test_names_each_metric_and_no_other(self) -> None:
        assert set(re.findall(r"`(relais_\w+)`", PAGE)) == made()
