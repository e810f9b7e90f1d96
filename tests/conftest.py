"""Where pytest finds the fixtures that every test may ask for."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fix_stack", "tests.fix_network"]

# A busy machine is no failure: tests assert what is computed, not how fast.
settings.register_profile(
    "relais", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("relais")
