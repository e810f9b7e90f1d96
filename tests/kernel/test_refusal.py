"""Anticipated failures and their sentences."""

import pytest

from kernel.refusal import Refusal


class TooMany(Refusal):
    """There are {found} where
    {allowed} are allowed.
    """

    code = "tests.crowd.too_many"


class TestRefusal:
    def test_says_its_docstring_on_one_line_with_its_values(self) -> None:
        refusal = TooMany(found=3, allowed=2)

        assert str(refusal) == "There are 3 where 2 are allowed."
        assert refusal.values == {"found": 3, "allowed": 2}
        assert TooMany.sentence() == "There are {found} where {allowed} are allowed."

    def test_without_a_value_it_names_is_a_fault_of_ours(self) -> None:
        with pytest.raises(KeyError, match="allowed"):
            str(TooMany(found=3))
