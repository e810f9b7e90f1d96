"""Finds what the tidy tests look at, in every package of the product."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from kernel.refusal import Refusal

PACKAGES = ("kernel", "chassis", "services")


def modules() -> Iterator[str]:
    """Every module but those that run a process when they are imported."""
    for package in PACKAGES:
        found = importlib.import_module(package)
        yield package
        for each in pkgutil.walk_packages(found.__path__, f"{package}."):
            if not each.name.endswith("__main__"):
                yield each.name


def refusals() -> list[type[Refusal]]:
    """Every refusal that says its own code, where it is defined."""
    found = []
    for name in modules():
        for each in vars(importlib.import_module(name)).values():
            if not (inspect.isclass(each) and issubclass(each, Refusal)):
                continue
            if each.__module__ == name and "code" in vars(each):
                found.append(each)
    assert found
    return found
