"""Runs the echo service of these tests as production runs a service, under a real one's name."""

import importlib
import sys
from types import ModuleType
from typing import Any

from chassis.run import run


class _StandIn(ModuleType):
    """Stands where `services.settlement.service` would; loads ours once eventlet has patched."""

    def __getattr__(self, name: str) -> Any:
        if name != "SERVICE":
            raise AttributeError(name)
        return importlib.import_module("tests.chassis.echo_service").SERVICE


if __name__ == "__main__":
    sys.modules["services.settlement.service"] = _StandIn("services.settlement.service")
    run("settlement")
