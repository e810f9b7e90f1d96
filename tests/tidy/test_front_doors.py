"""A service's front door says what its code does: publishes, hears, answers."""

import importlib
import inspect
import re
from typing import Any

import pytest

from chassis import openapi
from chassis.topology import Topology
from chassis.web.page import pages_of
from deploy import contracts

_LABELS = ("Owns", "Publishes", "Hears", "Shows", "Answers")


def said(service: str) -> dict[str, list[str]]:
    """What the docstring of the service's package lists under each label."""
    lists: dict[str, str] = {}
    label = ""
    for line in (inspect.getdoc(importlib.import_module(f"services.{service}")) or "").split("\n"):
        first, _, rest = line.partition(" ")
        if first in _LABELS:
            label, line = first, rest
        if label:
            lists[label] = f"{lists.get(label, '')}, {line}"
    return {
        label: [item for part in re.split(r",\s*", listed) if (item := part.strip())]
        for label, listed in lists.items()
    }


def routes_of(service: str) -> list[str]:
    return [door.route for door, _ in openapi.routes(contracts.service_class(service))]


def heard_by(service: str) -> list[str]:
    plan = Topology(contracts.subscriptions())
    return sorted({t for queue in plan.queues(service=service) for t in plan.types_heard(queue)})


@pytest.mark.parametrize("service", contracts.service_names())
class TestFrontDoor:
    def test_lists_what_it_publishes(self, service: str) -> None:
        told: Any = [fact.TYPE for fact in contracts.facts_of(service)]

        assert sorted(said(service)["Publishes"]) == sorted(told or ["nothing"])

    def test_lists_what_it_hears(self, service: str) -> None:
        assert sorted(said(service)["Hears"]) == (heard_by(service) or ["nothing"])

    def test_lists_what_it_answers(self, service: str) -> None:
        assert sorted(said(service)["Answers"]) == sorted(routes_of(service))

    def test_lists_which_pages_it_shows(self, service: str) -> None:
        shown = [page.route for page in pages_of(contracts.service_class(service))]

        assert sorted(said(service).get("Shows", [])) == sorted(shown)

    def test_says_what_it_owns(self, service: str) -> None:
        assert said(service)["Owns"]
