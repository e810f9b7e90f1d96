"""How sessions side by side (`-n 3`) share the suite: in units that are never split.

A file is one unit, for its tests share the services and databases that it starts.  Folders whose
tests share a whole stack are one unit together.
"""

from contextlib import ExitStack

#: What ends with a unit's last test, though fixtures know no such scope.
UNIT_END = ExitStack()
#: The folders and files whose tests share what takes long to start, by the unit they make; in this
#: order: the doors' copies are taken of a day that nobody has changed, and the audit reads all that
#: there is, again and again, which is least before the faults.
TOGETHER = {
    "tests/journeys": "stack",
    "tests/audit": "stack",
    "tests/faults": "stack",
    "tests/accounts/test_bus.py": "stack",
    "tests/recharges/test_races.py": "stack",
    "tests/local/test_stack.py": "stack",
    "tests/doors": "doors",
    "tests/browser": "doors",
}
#: What takes longest begins first: a session that is given it last keeps the others waiting.
FIRST = ("stack", "doors")


def unit_of(nodeid: str) -> str:
    """Return the unit of a test."""
    return TOGETHER.get(_place_of(nodeid), nodeid.partition("::")[0])


def has_stack(nodeid: str) -> bool:
    """Say whether a test is of a unit that shares a stack; nobody else is given one."""
    return unit_of(nodeid) in FIRST


def order_of(nodeid: str) -> tuple[int, int]:
    """Return where in the order of units and places a test comes; those of no name come last."""
    unit, places = unit_of(nodeid), list(TOGETHER)
    if unit not in FIRST:
        return len(FIRST), 0
    return FIRST.index(unit), places.index(_place_of(nodeid))


def _place_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return next((place for place in TOGETHER if f"{file}/".startswith(f"{place}/")), "")
