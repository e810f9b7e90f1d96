"""How sessions side by side (`-n 2`) share the suite: in units that are never split.

A file is one unit, for its tests share the services and databases that it starts.  Folders whose
tests share a whole stack are one unit together.
"""

from pathlib import PurePosixPath

#: The folders whose tests share what takes long to start, by the unit they make.
TOGETHER = {
    "tests/journeys": "stack",
    "tests/faults": "stack",
    "tests/audit": "stack",
    "tests/local": "stack",
    "tests/doors": "doors",
}
#: What takes longest begins first: a session that is given it last keeps the other one waiting.
FIRST = ("stack", "doors")


def unit_of(nodeid: str) -> str:
    """Return the unit of a test."""
    file = nodeid.partition("::")[0]
    return TOGETHER.get("/".join(PurePosixPath(file).parts[:2]), file)


def place_of(nodeid: str) -> int:
    """Return where in the order of units a test's own comes; those of no name come last."""
    unit = unit_of(nodeid)
    return FIRST.index(unit) if unit in FIRST else len(FIRST)
