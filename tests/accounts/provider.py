"""A real OpenID Connect provider in a process of its own, that signs in whom it is told to know."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.fix_service import free_port

STARTED_WITHIN_S = 30.0


@contextmanager
def provider() -> Iterator[str]:
    """Starts one; gives its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(url: str) -> None:
    until = time.monotonic() + STARTED_WITHIN_S
    while True:
        try:
            if httpx.get(f"{url}/.well-known/openid-configuration").is_success:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, "the provider does not answer"
        time.sleep(0.1)
