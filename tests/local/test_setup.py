"""The set-up on machines that lack something: one sentence each, and nothing half done."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.home import ROOT

TOOLS = ("basename", "cat", "cut", "dirname", "flock", "grep", "mkdir", "sha256sum", "sed", "tail")
OLD_PYTHON = """#!/bin/sh
[ "$1" = -V ] && echo "Python 3.9.2" && exit
exit 1
"""
# What a stock Debian has: new enough, and its ensurepip in a package of its own.
PYTHON_WITHOUT_VENV = """#!/bin/sh
case "$2" in *ensurepip*) exit 1 ;; esac
"""

SetUp = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def set_up(tmp_path: Path) -> SetUp:
    """Runs the script in a clone of its own, on a machine that has only the programs given."""
    script = tmp_path / "deploy" / "local" / "setup.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "local" / "setup.sh", script)
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(str(shutil.which(tool)))

    def run(**contents: str) -> subprocess.CompletedProcess[str]:
        for name, content in contents.items():
            program = programs / name.replace("_", "-")
            program.write_text(content)
            program.chmod(0o755)
        return subprocess.run(
            ["/bin/sh", script], env={"PATH": str(programs)}, capture_output=True, text=True
        )

    return run


def user(number: int) -> str:
    return f"#!/bin/sh\necho {number}\n"


class TestSetup:
    def test_names_a_python_that_is_too_old(self, set_up: SetUp) -> None:
        done = set_up(python3=OLD_PYTHON)
        assert done.returncode == 1
        assert done.stderr == (
            "relais: Python 3.11 or newer is needed; this machine has Python 3.9.2.\n"
        )

    def test_names_what_only_root_could_install(self, set_up: SetUp) -> None:
        done = set_up(python3=PYTHON_WITHOUT_VENV, id=user(1000), apt_get="#!/bin/sh\nexit 9\n")
        assert done.returncode == 1
        assert done.stderr.startswith("relais: this machine lacks: python3-venv. Run this as root")
        assert "DATABASE_URL and AMQP_URL" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_names_what_is_missing_where_there_is_no_apt_get(self, set_up: SetUp) -> None:
        done = set_up(python3=PYTHON_WITHOUT_VENV, id=user(0))
        assert done.returncode == 1
        assert "lacks: python3-venv, and has no apt-get. Install them" in done.stderr
        assert done.stderr.count("\n") == 1

    def test_has_nothing_to_do_where_all_is_in_place(self) -> None:
        # `make test` runs this test too: what it tells its own sub-makes is not for these.
        quiet = ["make", "--no-print-directory", "setup"]
        done = subprocess.run(quiet, cwd=ROOT, capture_output=True, text=True, timeout=120)
        again = subprocess.run(quiet, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == again.returncode == 0
        assert again.stdout == again.stderr == ""


class TestMake:
    def test_alone_lists_its_targets(self) -> None:
        listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True).stdout
        for target in ("setup", "run", "test", "check", "bench", "faults", "contracts"):
            assert f"make {target} " in listed
