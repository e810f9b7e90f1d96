"""Testing a device on all its functions: the list is complete or there is no test."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kernel.refusal import Invalid
from services.equipment.domain.device import Step


class ChecksDiffer(Invalid):
    """A test covers every function of this kind of device, and no others: {required}."""

    code = "equipment.test.checks_differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a test found."""

    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every function works."""
        return not self.failed

    @property
    def step(self) -> Step:
        """What the test does to the device."""
        return Step.TEST if self.passed else Step.FAIL_TEST


def judge(checks: Mapping[str, bool], *, required: Collection[str]) -> Outcome:
    """Judge a test: one function missing is no test, one function failing is a failed test."""
    errors = [
        {"field": f"checks.{name}", "reason": "This function was not tested."}
        for name in sorted(set(required) - set(checks))
    ] + [
        {"field": f"checks.{name}", "reason": "A device of this kind has no such function."}
        for name in sorted(set(checks) - set(required))
    ]
    if errors or not required:
        raise ChecksDiffer(required=", ".join(sorted(required)), errors=errors[:50])
    return Outcome(failed=tuple(sorted(name for name, works in checks.items() if not works)))
