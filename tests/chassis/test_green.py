"""psycopg on eventlet's hub: a query that waits stops nobody else, and the start says so if not."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from deploy.local.home import ROOT
from tests.fix_stack import FreshSchema

_SENTENCE = "PSYCOPG_WAIT_FUNC=wait_selector must be set before psycopg is imported"


@pytest.fixture(scope="module")
def url(fresh_schema: FreshSchema) -> str:
    return fresh_schema("recharges").url


def ask(what: str, url: str, *flaws: str) -> Any:
    environment = {name: value for name, value in os.environ.items() if name != "PSYCOPG_WAIT_FUNC"}
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.chassis.green_process", what, url, *flaws],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    return json.loads(child.stdout)


class TestHub:
    def test_is_free_as_production_patches_it(self, url: str) -> None:
        assert ask("check", url) == "free"

    @pytest.mark.parametrize(
        "flaws", [["not-patched"], ["own-wait"], ["own-wait", "slow-pool"]], ids=" ".join
    )
    def test_that_psycopg_blocks_is_refused_at_start(self, url: str, flaws: list[str]) -> None:
        sentence = ask("check", url, *flaws)

        assert sentence.startswith("psycopg blocks the hub: ")
        assert sentence.endswith(_SENTENCE)

    def test_lets_five_transactions_sleep_together(self, url: str) -> None:
        assert ask("sleep", url) == 5


class TestGreenConnection:
    @pytest.mark.parametrize("kind", [[], ["steady"]])
    def test_reads_while_it_writes(self, url: str, kind: list[str]) -> None:
        assert ask("echo", url, *kind) == [2_000_000] * 4

    @pytest.mark.parametrize("kind", [[], ["steady"]])
    def test_sends_more_than_the_kernel_takes_at_once(self, url: str, kind: list[str]) -> None:
        assert ask("much", url, *kind) == 40_000_000

    def test_gives_up_waiting_when_its_time_is_over(self, url: str) -> None:
        assert ask("listen", url) == ["silence", "rung"]
