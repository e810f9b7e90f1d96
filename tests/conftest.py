"""Where pytest finds the fixtures that every test may ask for."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fix_stack", "tests.fix_network", "tests.fix_mail"]

# A busy machine is no failure: tests assert what is computed, not how fast.
settings.register_profile(
    "relais", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("relais")

#: Their tests share one whole stack, which a session starts once.
_ON_THE_STACK = {"browser", "doors", "journeys", "faults", "local"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, for sessions side by side (`-n 2`), what shares a stack or a file.

    What shares the stack comes first: it takes longest.
    """

    def on_the_stack(item: pytest.Item) -> bool:
        return not _ON_THE_STACK.isdisjoint(item.path.parts)

    items.sort(key=lambda item: not on_the_stack(item))
    for item in items:
        group = "stack" if on_the_stack(item) else item.path.name
        item.add_marker(pytest.mark.xdist_group(group))
