"""Named SQL, read from a `queries.sql` beside the store that uses it."""

import re
from importlib import resources
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- name: ([a-z_]+)\n(?:-- .*\n)*", re.MULTILINE)


def load(package: str) -> dict[str, LiteralString]:
    """Read `queries.sql` of `package` into a mapping of name to statement."""
    text = (resources.files(package) / "queries.sql").read_text(encoding="utf-8")
    _, *parts = _HEADING.split(text)
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{package}/queries.sql names a query twice")
    # Our own files are as trustworthy as our own code.
    return {
        name: cast(LiteralString, body.strip()) for name, body in zip(names, bodies, strict=True)
    }
