"""The suite is the same suite whoever collects it, and when: two workers share it by its names."""

import os
import subprocess
import sys
import time

from deploy.local.home import ROOT

COLLECT = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]


def collecting(*, hash_seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COLLECT,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
        stdout=subprocess.PIPE,
        text=True,
    )


class TestCollection:
    def test_names_no_test_after_a_clock_or_a_chance(self) -> None:
        one = collecting(hash_seed=1)
        time.sleep(1.5)  # what is named after the second is named otherwise now
        other = collecting(hash_seed=2)
        first, second = (each.communicate(timeout=240)[0].splitlines() for each in (one, other))

        names = [[line for line in lines if "::" in line] for lines in (first, second)]
        assert len(names[0]) > 5_000
        assert names[0] == names[1]
