"""How sessions side by side (`-n 2`) share the suite: in units that are never split.

A file is one unit, for its tests share the services and databases that it starts.  Folders whose
tests share a whole stack are one unit together.
"""

from pathlib import PurePosixPath

#: The folders whose tests share what takes long to start, by the unit they make; in this order: the
#: doors' copies are taken of a day that nobody has changed, and the audit reads all that there is,
#: again and again, which is least before the faults.
TOGETHER = {
    "tests/journeys": "stack",
    "tests/audit": "stack",
    "tests/faults": "stack",
    "tests/local": "stack",
    "tests/doors": "doors",
    "tests/browser": "doors",
}
#: What takes longest begins first: a session that is given it last keeps the other one waiting.
FIRST = ("stack", "doors")


def unit_of(nodeid: str) -> str:
    """Return the unit of a test."""
    return TOGETHER.get(_folder_of(nodeid), nodeid.partition("::")[0])


def place_of(nodeid: str) -> tuple[int, int]:
    """Return where in the order of units and folders a test comes; those of no name come last."""
    unit, folders = unit_of(nodeid), list(TOGETHER)
    if unit not in FIRST:
        return len(FIRST), 0
    return FIRST.index(unit), folders.index(_folder_of(nodeid))


def _folder_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return "/".join(PurePosixPath(file).parts[:2])
