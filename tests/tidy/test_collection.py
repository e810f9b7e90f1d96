"""The suite is the same suite whoever collects it, and when: two workers share it by its names."""

import os
import subprocess
import sys

import pytest

from deploy.local.home import ROOT

COLLECT = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]


class TestCollection:
    def test_names_no_test_after_a_clock_or_a_chance(self, request: pytest.FixtureRequest) -> None:
        ours = [item.nodeid for item in request.session.items]

        # Some seconds later, and with sets in another order.
        again = subprocess.run(
            [*COLLECT, *request.config.args],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": "1", "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            timeout=240,
        )

        wanted = set(ours)
        assert [line for line in again.stdout.splitlines() if line in wanted] == ours
