"""A ticket on the simplest telephone: two segments, GSM-7, and the PIN where it is due."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.data.network import SITES, Site
from kernel.money import Cents
from kernel.period import Month
from services.recharges.domain.ticket import (
    TOP_UPS,
    CapLeft,
    RefundOf,
    Reprint,
    Ticket,
    TopUp,
)
from services.recharges.printing import sms
from tests.recharges.printing import papers, strategies


class TestMessages:
    @settings(max_examples=100, deadline=None)
    @given(
        ticket=strategies.tickets(texts=strategies.hostile), language=st.sampled_from(["fr", "en"])
    )
    def test_fit_two_segments_whatever_the_ticket_says(self, ticket: Ticket, language: str) -> None:
        for message in sms.messages(ticket, language=language):
            assert sms.septets(message) <= sms.SEPTETS_MAX

    @settings(max_examples=100, deadline=None)
    @given(ticket=strategies.tickets(texts=strategies.hostile))
    def test_tell_each_pin_in_a_message_of_its_own(self, ticket: Ticket) -> None:
        messages = sms.messages(ticket, language="fr")

        assert len(messages) == max(1, len(ticket.vouchers))
        for voucher, message in zip(ticket.vouchers, messages, strict=False):
            assert sum(each.count(voucher.pin or "") for each in messages) == 1
            assert message.count(voucher.pin or "") == 1
            assert message.count(f" {voucher.serial}.") == 1

    @settings(max_examples=100, deadline=None)
    @given(ticket=strategies.tickets())
    def test_tell_no_pin_that_they_were_not_given(self, ticket: Ticket) -> None:
        told = tuple(replace(voucher, pin=None) for voucher in ticket.vouchers)
        messages = sms.messages(replace(ticket, vouchers=told), language="fr")

        assert len(messages) == 1
        for voucher in ticket.vouchers:
            assert (voucher.pin or "") not in messages[0]

    @settings(max_examples=100, deadline=None)
    @given(ticket=strategies.tickets())
    def test_tell_what_was_paid_and_what_is_left(self, ticket: Ticket) -> None:
        left = [ticket.cap_left.left_cents] if ticket.cap_left else []
        vouchers = ticket.vouchers
        messages = sms.messages(ticket, language="fr")

        for message, voucher in zip(messages, vouchers or (None,), strict=True):
            worth = [voucher.face_value_cents] if voucher and voucher.data_mb is None else []
            assert papers.amounts_in(message) == papers.amounts(ticket.total_cents, *left, *worth)
            assert message.endswith("aX7_")

    def test_read_well(self) -> None:
        assert sms.messages(papers.sale(), language="fr") == (
            "SFR 15,00 € : code 84120957316604, à utiliser au plus tard le 31 décembre 2027."
            " Série SFR0004217733."
            " Rechargez en appelant votre opérateur : tapez ce code."
            " Ticket 4217, Paris 19, 22/11/2026 : payé 2,50 €."
            " Reste à acheter en novembre 2026 : 27,50 €. aX7_",
        )

    @pytest.mark.parametrize("top_up", TOP_UPS, ids=lambda top_up: top_up.operator)
    @pytest.mark.parametrize("site", SITES, ids=lambda site: site.site_code)
    def test_say_all_that_a_ticket_says_at_any_site(self, top_up: TopUp, site: Site) -> None:
        sold = papers.sale(
            site_name=site.name,
            ticket_no=123_456,
            reprint=Reprint(number=2, reason="papier"),
            vouchers=(papers.voucher(operator_name=top_up.name),),
            cap_left=CapLeft(month=Month(2026, 9), left_cents=Cents(2750)),
        )

        [message] = sms.messages(sold, language="fr")

        assert "Rechargez en appelant votre opérateur : tapez ce code. DUPLICATA 2." in message
        assert "au plus tard le 31 décembre 2027" in message
        assert message.endswith(" : payé 2,50 €. Reste à acheter en septembre 2026 : 27,50 €. aX7_")

    def test_say_a_copy_and_a_refund(self) -> None:
        copy = papers.sale(reprint=Reprint(number=3, reason="papier"))
        refund = papers.sale(
            lines=(papers.line(quantity=-1),),
            tendered_cents=None,
            vouchers=(),
            refund_of=RefundOf(ticket_no=3, reason="erreur"),
        )

        assert "DUPLICATA 3." in sms.messages(copy, language="fr")[0]
        assert sms.messages(refund, language="fr")[0].startswith(
            "Remboursement, ticket 4217, Paris 19, 22/11/2026 : -2,50 €."
        )


class TestGsm:
    @given(text=st.text())
    def test_is_all_gsm_whatever_it_is_given(self, text: str) -> None:
        assert sms.septets(sms.gsm(text)) >= 0

    def test_keeps_what_phones_have_and_writes_the_rest_plainly(self) -> None:
        assert (
            sms.gsm("À l’été, ça coûte 5\u202f€ – œuf №\x1b") == "A l'été, ca coute 5 € - oeuf No"
        )

    def test_counts_the_euro_twice_and_refuses_to_count_what_is_not_gsm(self) -> None:
        assert sms.septets("5 €") == 4
        with pytest.raises(ValueError, match="not GSM-7"):
            sms.septets("ça")
