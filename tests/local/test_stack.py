"""The whole stack, every service of it, as `make run` starts it."""

import http.client
import json
from pathlib import Path

import httpx
import pytest

from deploy.local.processes import present, services_of
from tests.fix_stack import RunningStack

RESTARTED_WITHIN_S = 3.0


def get(stack: RunningStack, *, path: str) -> tuple[int, str, dict[str, str]]:
    """The status, the media type and the document at one address of the web."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports.web, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, answer.headers.get_content_type(), document


class TestStack:
    def test_runs_every_process_of_the_table(self, stack: RunningStack) -> None:
        expected = {process.name: stack.ports.of(process) for process in present()}
        running = {each.name: each.port for each in stack.now.processes if each.metrics}
        assert running == expected

    @pytest.mark.parametrize("service", services_of(present()))
    def test_answers_for_every_service_at_one_address(
        self, stack: RunningStack, service: str
    ) -> None:
        stack.wait_ready()
        status, media_type, document = get(stack, path=f"/api/{service}/openapi.json")
        assert (status, media_type) == (200, "application/json")
        assert document["openapi"].startswith("3.1")

    @pytest.mark.parametrize(
        "path",
        [
            "/api/recharges/metrics",
            "/api/recharges/metrics/",
            "/api/recharges//metrics",
            "/api/recharges/%6detrics",
            "/api/recharges/v1/../metrics?any=1",
        ],
    )
    def test_keeps_takings_off_the_public_address(self, stack: RunningStack, path: str) -> None:
        stack.wait_ready()
        assert get(stack, path=path)[0] == 404

    def test_shows_every_process_what_it_counts_at_its_own_port(self, stack: RunningStack) -> None:
        stack.wait_ready()
        for process in stack.now.processes:
            if process.metrics:
                assert "relais_outbox_waiting" in httpx.get(process.metrics).text

    def test_answers_for_an_unknown_address_in_words(self, stack: RunningStack) -> None:
        status, media_type, document = get(stack, path="/api/nothing/v1/at-all")
        assert (status, media_type) == (404, "application/problem+json")
        assert document["code"] == "web.address.unknown"

    def test_starts_a_killed_service_again_within_three_seconds(self, stack: RunningStack) -> None:
        stack.wait_ready()
        killed = stack.kill9("donations")
        assert stack.wait_restarted("donations", killed=killed) < RESTARTED_WITHIN_S
        stack.wait_ready()
        assert get(stack, path="/api/donations/readyz")[0] == 200

    def test_plays_stripe_for_recharges_alone(self, stack: RunningStack) -> None:
        stack.wait_ready()
        assert stack.now.process("stripe").port == stack.ports.stripe
        told = {
            each.name
            for each in stack.now.processes
            if b"STRIPE_API_KEY=" in Path(f"/proc/{each.pid}/environ").read_bytes()
        }
        assert told == {"recharges", "stripe"}
        killed = stack.kill9("stripe")
        assert stack.wait_restarted("stripe", killed=killed) < RESTARTED_WITHIN_S
        stack.wait_ready()
