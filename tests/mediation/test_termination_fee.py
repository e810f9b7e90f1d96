"""The termination fee: the worked table of docs/rules/termination-fee.md, and the laws it obeys."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.mediation.domain.rule import NoRuleInForce
from services.mediation.domain.termination_fee import (
    Contract,
    FeeFlag,
    NegativeAmount,
    NegativeMonths,
    TerminationFee,
    fee_of,
)

IN_2022 = date(2022, 6, 15)
IN_2023 = date(2023, 6, 15)


def a_contract(
    *,
    monthly_cents: int = 2_500,
    commitment: int = 24,
    elapsed: int = 14,
    signed_on: date = IN_2023,
    subsidised: bool = False,
    over_indebted: bool = False,
) -> Contract:
    return Contract(
        monthly_cents=Cents(monthly_cents),
        commitment_months=commitment,
        elapsed_months=elapsed,
        signed_on=signed_on,
        subsidised_handset=subsidised,
        over_indebted=over_indebted,
    )


def rules_of(fee: TerminationFee) -> list[str]:
    return [basis.rule for basis in fee.basis]


class TestWorkedTable:
    @pytest.mark.parametrize(
        ("commitment", "elapsed", "signed_on", "subsidised", "fee_cents", "strict_cents"),
        [
            (24, 14, IN_2022, True, 6_250, 6_250),
            (24, 14, IN_2023, True, 5_000, 5_000),
            (24, 14, IN_2023, False, 0, 0),
            (24, 5, IN_2023, False, 17_500, 47_500),
            (12, 5, IN_2022, False, 17_500, 17_500),
            (12, 5, IN_2023, False, 17_500, 17_500),
            (24, 24, IN_2022, True, 0, 0),
            (24, 24, IN_2023, True, 0, 0),
        ],
    )
    def test_gives_the_figures_of_the_page(
        self,
        commitment: int,
        elapsed: int,
        signed_on: date,
        subsidised: bool,
        fee_cents: int,
        strict_cents: int,
    ) -> None:
        fee = fee_of(
            a_contract(
                commitment=commitment, elapsed=elapsed, signed_on=signed_on, subsidised=subsidised
            )
        )
        assert (fee.fee_cents, fee.strict_reading_cents) == (fee_cents, strict_cents)


class TestDates:
    @pytest.mark.parametrize(
        ("signed_on", "fee_cents"), [(date(2022, 12, 31), 6_250), (date(2023, 1, 1), 5_000)]
    )
    def test_the_share_changes_on_new_years_day_2023(self, signed_on: date, fee_cents: int) -> None:
        assert fee_of(a_contract(signed_on=signed_on, subsidised=True)).fee_cents == fee_cents

    def test_without_a_handset_the_old_share_holds_all_the_same(self) -> None:
        assert fee_of(a_contract(signed_on=IN_2022)).fee_cents == 6_250

    def test_the_article_follows_the_day_of_signature(self) -> None:
        assert "L121-84-6" in fee_of(a_contract(signed_on=date(2016, 6, 30))).basis[0].article
        assert "L224-28" in fee_of(a_contract(signed_on=date(2016, 7, 1))).basis[0].article

    def test_a_signature_before_the_known_law_is_refused(self) -> None:
        with pytest.raises(NoRuleInForce):
            fee_of(a_contract(signed_on=date(2008, 5, 31)))


class TestMoments:
    @pytest.mark.parametrize(
        ("elapsed", "fee_cents", "strict_cents"),
        [
            (0, 12 * 2_500 + 6_000, 60_000),
            (11, 2_500 + 6_000, 32_500),
            (12, 6_000, 6_000),
            (13, 5_500, 5_500),
            (23, 500, 500),
            (24, 0, 0),
            (30, 0, 0),
        ],
    )
    def test_before_and_after_month_twelve(
        self, elapsed: int, fee_cents: int, strict_cents: int
    ) -> None:
        fee = fee_of(a_contract(elapsed=elapsed, subsidised=True))
        assert (fee.fee_cents, fee.strict_reading_cents) == (fee_cents, strict_cents)

    def test_no_commitment_costs_nothing(self) -> None:
        assert fee_of(a_contract(commitment=0, elapsed=0)).fee_cents == 0

    def test_a_fraction_of_a_cent_is_dropped(self) -> None:
        fee = fee_of(a_contract(monthly_cents=1_999, elapsed=23, subsidised=True))
        assert fee.fee_cents == 399  # 20 % of 19.99 is 3.998

    def test_a_commitment_over_24_months_is_flagged(self) -> None:
        assert fee_of(a_contract(commitment=24)).flags == ()
        over = fee_of(a_contract(commitment=25))
        assert over.flags == (FeeFlag.COMMITMENT_OVER_MAXIMUM,)
        assert "commitment_over_maximum" in rules_of(over)

    def test_both_readings_are_explained_before_month_twelve(self) -> None:
        assert rules_of(fee_of(a_contract(elapsed=5))) == [
            "rest_of_first_year",
            "share_after_first_year",
            "strict_reading",
        ]


class TestOverIndebted:
    @pytest.mark.parametrize("elapsed", [0, 5, 12, 20])
    def test_owes_nothing_on_a_contract_signed_since_2023(self, elapsed: int) -> None:
        fee = fee_of(a_contract(elapsed=elapsed, subsidised=True, over_indebted=True))
        assert (fee.fee_cents, fee.strict_reading_cents) == (0, 0)
        assert "L224-37-1" in fee.basis[0].article

    def test_owes_as_others_on_an_older_contract(self) -> None:
        fee = fee_of(a_contract(signed_on=date(2022, 12, 31), over_indebted=True))
        assert fee.fee_cents == 6_250


class TestBadInput:
    def test_negative_months_are_refused(self) -> None:
        for contract in (a_contract(commitment=-1), a_contract(elapsed=-1)):
            with pytest.raises(NegativeMonths):
                fee_of(contract)

    def test_a_negative_price_is_refused(self) -> None:
        with pytest.raises(NegativeAmount):
            fee_of(a_contract(monthly_cents=-1))


contracts = st.builds(
    a_contract,
    monthly_cents=st.integers(min_value=0, max_value=100_000),
    commitment=st.integers(min_value=0, max_value=48),
    elapsed=st.integers(min_value=0, max_value=60),
    signed_on=st.dates(min_value=date(2008, 6, 1), max_value=date(2030, 12, 31)),
    subsidised=st.booleans(),
    over_indebted=st.booleans(),
)


class TestLaws:
    @given(contracts)
    def test_between_nothing_and_the_strict_reading(self, contract: Contract) -> None:
        fee = fee_of(contract)
        assert 0 <= fee.fee_cents <= fee.strict_reading_cents

    @given(contracts)
    def test_never_more_than_every_remaining_instalment(self, contract: Contract) -> None:
        remaining = max(0, contract.commitment_months - contract.elapsed_months)
        assert fee_of(contract).strict_reading_cents <= contract.monthly_cents * remaining

    @given(contracts)
    def test_waiting_a_month_never_costs_more(self, contract: Contract) -> None:
        later = replace(contract, elapsed_months=contract.elapsed_months + 1)
        assert fee_of(later).fee_cents <= fee_of(contract).fee_cents

    @given(contracts)
    def test_over_indebtedness_never_costs_more(self, contract: Contract) -> None:
        helped = fee_of(replace(contract, over_indebted=True))
        assert helped.fee_cents <= fee_of(replace(contract, over_indebted=False)).fee_cents

    @given(contracts)
    def test_always_says_on_what_it_rests(self, contract: Contract) -> None:
        assert fee_of(contract).basis
