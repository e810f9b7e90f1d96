"""Where pytest finds the fixtures that every test may ask for."""

pytest_plugins = ["tests.fix_stack"]
