"""Where pytest finds the fixtures that every test may ask for."""

import gc
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import sharing

pytest_plugins = ["tests.fix_stack", "tests.fix_network", "tests.fix_mail"]

# A busy machine is no failure: tests assert what is computed, not how fast.
settings.register_profile(
    "relais", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("relais")


class _Shared(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each session whole units of work (`-n 3`)."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        config.option.loadscopereorder = False  # they come in the order of `sharing`
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return sharing.unit_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Say how sessions side by side share the suite."""
    return _Shared(config, log)


_session_of: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """End a run that tears a unit apart: it would start everything twice, and say nothing."""
    session = getattr(report, "worker_id", "")
    unit = sharing.unit_of(report.nodeid)
    if _session_of.setdefault(unit, session) != session:
        pytest.exit(f"{unit} was given to {_session_of[unit]} and to {session}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes longest begin first, so that all sessions end together."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()) and not sharing.has_stack(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid} wants the stack: name its place in sharing.py")
    items.sort(key=lambda item: sharing.order_of(item.nodeid))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End a unit's stack with its last test: idle, it takes its neighbours' time.

    A session among several is given one of the units that share a stack, and never a second.
    """
    is_among_several = getattr(item.config, "workerinput", {}).get("workercount", 1) > 1
    units = {sharing.unit_of(each.nodeid) for each in (item, nextitem) if each is not None}
    if is_among_several and len(units) > 1:
        sharing.UNIT_END.close()


def pytest_configure() -> None:
    """Look for no garbage among what is loaded and collected: it stays to the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Set what stays aside, and look for garbage as usual from now on."""
    gc.freeze()
    gc.enable()
