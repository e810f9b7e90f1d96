"""What the till is made of: its files with their digests, and the name of the whole.

A browser keeps them to start without the line.  They are found by what the page's templates name
and the scripts import, so that nobody keeps a list and nothing is missing from it.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath

from chassis.web import render

_TEMPLATES = (
    Path(__file__).parent / "templates",
    Path(render.__file__).parent / "templates",
)
_NAMES_TEMPLATE = re.compile(r"{% (?:extends|include|from|import) \"([^\"]+)\"")
_NAMES_FILE = re.compile(r"static\(['\"]([^'\"]+)['\"](?:, owner=['\"]([a-z]+)['\"])?\)")
#: A file of ours: what a comment imports by a package's name is none.
_IMPORTS = re.compile(r"(?:\bfrom|\bimport)\s*\(?\s*['\"]([./][^'\"]+)['\"]")
#: What a script cannot begin without; other imports come when they are asked for.
_IMPORTS_FIRST = re.compile(r"^import\b[^'\"()]*['\"]([^'\"]+)['\"]", re.MULTILINE)
_PAGE = "till.html"
_FIRST = ("/static/chassis/page.js", "/static/recharges/till/main.js")


@cache
def files() -> dict[str, str]:
    """Return the address of each file of the till, and its digest (Subresource Integrity)."""
    found: dict[str, str] = {}
    wanted = sorted(_named_by(_PAGE, seen=set()))
    while wanted:
        address = wanted.pop()
        if address in found:
            continue
        content = _path_of(address).read_bytes()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        found[address] = f"sha256-{digest}"
        if address.endswith(".js"):
            wanted += [
                normpath(join(dirname(address), each))
                for each in _IMPORTS.findall(content.decode())
            ]
    return dict(sorted(found.items()))


@cache
def first() -> tuple[str, ...]:
    """List the scripts that the first screen stands on, to be fetched at once and not in turn."""
    found: list[str] = []
    wanted = list(_FIRST)
    while wanted:
        address = wanted.pop(0)
        if address not in found:
            found.append(address)
            text = _path_of(address).read_text(encoding="utf-8")
            wanted += [
                normpath(join(dirname(address), each)) for each in _IMPORTS_FIRST.findall(text)
            ]
    return tuple(found)


@cache
def name() -> str:
    """Return what changes when anything of the till does, the texts of its page apart."""
    whole = "\n".join(f"{address} {digest}" for address, digest in files().items())
    templates = sorted({path for folder in _TEMPLATES for path in folder.glob("*.html")})
    digest = hashlib.sha256(whole.encode())
    for path in templates:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _named_by(template: str, *, seen: set[str]) -> set[str]:
    """Return the addresses of the files that a template names, and those that it is made of."""
    seen.add(template)
    text = next(
        (folder / template).read_text(encoding="utf-8")
        for folder in _TEMPLATES
        if (folder / template).is_file()
    )
    named = {
        render.static(path, owner=owner or "chassis") for path, owner in _NAMES_FILE.findall(text)
    }
    for other in _NAMES_TEMPLATE.findall(text):
        if other not in seen:
            named |= _named_by(other, seen=seen)
    return named


def _path_of(address: str) -> Path:
    _, _, owner, path = address.split("/", 3)
    return render.folder_of(owner) / path
