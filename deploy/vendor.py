"""Fetches the scripts of others that our pages use, from npm, into the folders that serve them.

`python -m deploy.vendor` puts each file of `vendored.json` in its place and refuses one whose
SHA-256 is not the one written there; `--accept` writes down the digests of what it found, for
whoever has just read a new version.  Nothing is fetched at run time.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from deploy.local.home import ROOT

LIST = Path(__file__).parent / "vendored.json"


class OtherDigest(Exception):
    """A package holds another file than the one that was read and accepted."""


def fetch(package: str, version: str, *, folder: Path) -> Path:
    """Return the folder of a package of npm, unpacked."""
    subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True)
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put(entry: dict[str, Any], *, accept: bool) -> None:
    """Put the files of one package in place."""
    target = ROOT / entry["folder"]
    with tempfile.TemporaryDirectory() as folder:
        package = fetch(entry["package"], entry["version"], folder=Path(folder))
        for name, known in entry["files"].items():
            found = digest_of(package / name)
            if accept:
                entry["files"][name] = found
            elif found != known:
                raise OtherDigest(f"{entry['package']} {entry['version']}: {name} is {found}")
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(package / name, target / Path(name).name)


def main(arguments: list[str]) -> None:
    """Put every package in place."""
    entries = json.loads(LIST.read_text(encoding="utf-8"))
    for entry in entries:
        put(entry, accept="--accept" in arguments)
    LIST.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
