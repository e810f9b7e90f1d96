"""Named SQL, read from a `queries.sql` beside the store that uses it, or a folder `queries/`."""

import re
from importlib import resources
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- name: ([a-z_]+)\n(?:-- .*\n)*", re.MULTILINE)


def load(package: str) -> dict[str, LiteralString]:
    """Read the queries of `package`: a mapping of name to statement."""
    found: dict[str, LiteralString] = {}
    for text in _texts(package):
        _, *parts = _HEADING.split(text)
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"{package} names the query {name} twice")
            # Our own files are as trustworthy as our own code.
            found[name] = cast(LiteralString, body.strip())
    return found


def _texts(package: str) -> list[str]:
    root = resources.files(package)
    folder = root / "queries"
    files = sorted(folder.iterdir(), key=str) if folder.is_dir() else [root / "queries.sql"]
    return [file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql")]
