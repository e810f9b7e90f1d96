"""What a ticket and a report hold together: sums, copies, characters, advice."""

import base64
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.recharges.domain.ticket import (
    TOP_UPS,
    Kind,
    RefundOf,
    Reprint,
    TopUp,
    VatShare,
    four_characters,
    top_up,
)
from tests.recharges.printing import papers


class TestFourCharacters:
    def test_are_the_third_seventh_thirteenth_and_nineteenth(self) -> None:
        signature = base64.urlsafe_b64decode("ab3def7hijkl_nopqr-t" + "A" * 66 + "==")

        assert four_characters(signature) == "37_-"

    @given(signature=st.binary(min_size=64, max_size=72))
    def test_are_four_of_the_signature(self, signature: bytes) -> None:
        written = base64.urlsafe_b64encode(signature).decode()

        assert four_characters(signature) == written[2] + written[6] + written[12] + written[18]

    def test_are_not_made_up_for_what_is_too_short(self) -> None:
        with pytest.raises(ValueError, match="nineteenth"):
            four_characters(b"thirteen byte")


class TestTicket:
    def test_is_a_sale_a_refund_or_a_duplicate_of_either(self) -> None:
        refund = {
            "lines": (papers.line(quantity=-1),),
            "tendered_cents": None,
            "refund_of": RefundOf(ticket_no=3, reason="erreur"),
        }
        copy = Reprint(number=2, reason="papier")

        assert papers.sale().kind is Kind.SALE
        assert papers.sale(**refund).kind is Kind.REFUND
        assert papers.sale(**refund, reprint=copy).kind is Kind.DUPLICATE

    def test_gives_back_what_was_tendered_above_the_total(self) -> None:
        assert papers.sale(tendered_cents=Cents(2000)).change_cents == 1750
        assert papers.sale(tendered_cents=None).change_cents is None

    def test_needs_the_tax_of_every_rate_its_lines_have(self) -> None:
        share = VatShare(rate="20", net_cents=Cents(208), tax_cents=Cents(42))

        papers.sale(lines=(papers.line(vat_rate="20"),), vat=(share,))
        with pytest.raises(ValueError, match="rates"):
            papers.sale(lines=(papers.line(vat_rate="20"),))
        with pytest.raises(ValueError, match="rates"):
            papers.sale(vat=(share,))

    def test_needs_a_line_and_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="line"):
            papers.sale(lines=())
        with pytest.raises(ValueError, match="time zone"):
            papers.sale(recorded_at=datetime(2026, 11, 22, 14, 3))  # noqa: DTZ001  (the subject)

    def test_counts_its_copies_from_one(self) -> None:
        with pytest.raises(ValueError, match="original"):
            Reprint(number=0, reason="papier")


class TestDrawerReport:
    def test_counts_no_change_as_cash_and_every_movement_once(self) -> None:
        report = papers.closing()

        assert report.opening_cents == 5000
        assert report.expected_cents == 5000 + 31250 - 500 - 2000 + 1000
        assert report.counted_cents == 34200
        assert report.gap_cents == -550

    def test_knows_no_expected_amount_while_the_count_is_blind(self) -> None:
        assert papers.blind().expected_cents is None
        assert papers.blind().gap_cents is None

    @pytest.mark.parametrize(
        "change",
        [
            {"counted": None},
            {"report_no": None},
            {"takings": None, "handovers": ()},
            {"counted_by_code": None},
        ],
    )
    def test_is_no_z_without_its_number_count_and_takings(self, change: dict[str, None]) -> None:
        with pytest.raises(ValueError, match="Z"):
            papers.closing(**change)

    def test_is_no_blind_x_when_it_tells_what_late_tickets_come_to(self) -> None:
        with pytest.raises(ValueError, match="blind"):
            papers.blind(late=papers.closing().late)
        with pytest.raises(ValueError, match="blind"):
            papers.blind(handovers=papers.closing().handovers)


class TestClosingReport:
    def test_has_tenders_that_come_to_its_total(self) -> None:
        assert papers.month().real_cents == 324_000
        with pytest.raises(ValueError, match="tenders"):
            papers.month(by_tender=(("cash", Cents(1)),))


class TestTopUp:
    def test_is_known_for_every_operator_of_the_tariff(self) -> None:
        assert {each.operator for each in TOP_UPS} == {"sfr", "orange", "bouygues", "free"}

    def test_is_the_newest_in_force_on_the_day(self) -> None:
        old, new = (
            TopUp(operator="sfr", name="SFR", from_on=date(year, 1, 1), how=f"Since {year}.")
            for year in (2026, 2028)
        )

        assert top_up("sfr", on=date(2027, 12, 31), table=(new, old)) == old
        assert top_up("sfr", on=date(2028, 1, 1), table=(new, old)) == new

    def test_promises_nothing_of_an_operator_it_does_not_know(self) -> None:
        assert top_up("lune", on=date(2026, 1, 1)).name == "lune"
        assert "instructions of your operator" in top_up("lune", on=date(2026, 1, 1)).how
