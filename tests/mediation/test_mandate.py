"""The mandate: when it covers an operator, and what is refused."""

from datetime import date

import pytest

from services.mediation.domain.mandate import (
    AlreadyOver,
    EndsBeforeItBegins,
    Mandate,
    NoOperator,
    NotActive,
    NotInForce,
    SignedLater,
    State,
    check,
    require,
    revoke,
)
from tests.mediation.build import a_mandate

SIGNED_ON = date(2026, 11, 1)
UNTIL_ON = date(2027, 11, 1)


class TestCovers:
    @pytest.mark.parametrize(
        ("day", "covered"),
        [
            (date(2026, 10, 31), False),
            (SIGNED_ON, True),
            (date(2027, 10, 31), True),
            (UNTIL_ON, False),
        ],
    )
    def test_from_the_signature_until_the_day_before_its_end(
        self, day: date, covered: bool
    ) -> None:
        assert a_mandate().covers("sfr", day=day) is covered

    def test_only_the_operators_that_are_named(self) -> None:
        mandate = a_mandate(operators=("sfr", "free"))
        assert mandate.covers("free", day=SIGNED_ON)
        assert not mandate.covers("orange", day=SIGNED_ON)

    def test_no_longer_from_the_day_of_its_revocation(self) -> None:
        revoked = revoke(a_mandate(), day=date(2026, 12, 1))
        assert revoked.covers("sfr", day=date(2026, 11, 30))
        assert not revoked.covers("sfr", day=date(2026, 12, 1))
        assert revoked.state_on(date(2026, 12, 1)) is State.REVOKED

    def test_one_of_several_is_enough(self) -> None:
        mandates = [a_mandate(operators=("free",)), a_mandate(operators=("sfr",))]
        require(mandates, operator="sfr", day=SIGNED_ON)
        with pytest.raises(NotInForce):
            require(mandates, operator="orange", day=SIGNED_ON)


class TestCheck:
    def test_lets_one_pass_on_the_day_of_its_signature(self) -> None:
        mandate = check(a_mandate(), day=SIGNED_ON)
        assert mandate.state_on(SIGNED_ON) is State.ACTIVE

    @pytest.mark.parametrize(
        ("mandate", "refusal"),
        [
            (a_mandate(operators=()), NoOperator),
            (a_mandate(until_on=SIGNED_ON), EndsBeforeItBegins),
            (a_mandate(signed_on=date(2026, 11, 22)), SignedLater),
            (a_mandate(signed_on=date(2025, 11, 1), until_on=date(2026, 11, 21)), AlreadyOver),
        ],
    )
    def test_refuses_what_covers_nothing(self, mandate: Mandate, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            check(mandate, day=date(2026, 11, 21))


class TestRevoke:
    def test_refuses_a_mandate_that_is_over(self) -> None:
        with pytest.raises(NotActive):
            revoke(a_mandate(), day=UNTIL_ON)

    def test_refuses_a_second_time(self) -> None:
        with pytest.raises(NotActive):
            revoke(revoke(a_mandate(), day=SIGNED_ON), day=SIGNED_ON)
