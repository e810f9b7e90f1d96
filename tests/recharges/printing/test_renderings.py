"""Whatever a ticket or a report says, each rendering says it: every sum, serial and PIN, once."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.money import Cents
from services.recharges.domain.report import DrawerReport
from services.recharges.domain.ticket import RefundOf, Reprint, Ticket, TicketVoucher
from services.recharges.printing import escpos, html, pdf, report_sheet, ticket_sheet
from services.recharges.printing.sheet import Sheet
from tests.recharges.printing import papers, strategies

#: Each rendering, and the text that a reader finds in it.
READ: dict[str, Callable[[Sheet], str]] = {
    "escpos": lambda sheet: papers.text_of_roll(escpos.render(sheet)),
    "html": lambda sheet: papers.text_of_html(html.render(sheet)),
    "pdf": lambda sheet: papers.text_of_pdf(pdf.render(sheet)),
}
#: A page is laid out in a tenth of a second, so fewer of them.
_EXAMPLES = {"escpos": 60, "html": 60, "pdf": 6}
LANGUAGES = st.sampled_from(["fr", "en"])

rendering = pytest.mark.parametrize("name", READ)


def amounts_of(ticket: Ticket) -> list[int]:
    found: list[int] = [ticket.total_cents]
    for line in ticket.lines:
        found += [line.unit_price_cents, line.quantity * line.unit_price_cents]
    for share in ticket.vat:
        found += [share.net_cents, share.tax_cents]
    if ticket.tendered_cents is not None:
        found += [ticket.tendered_cents, Cents(ticket.tendered_cents - ticket.total_cents)]
    found += [each.face_value_cents for each in ticket.vouchers if each.data_mb is None]
    if ticket.cap_left:
        found.append(ticket.cap_left.left_cents)
    return found


def amounts_of_report(report: DrawerReport) -> list[int]:
    assert report.takings
    assert report.counted is not None
    found: list[int] = []
    for cash in (report.opening, report.counted):
        for each in cash:
            found += [each.value_cents, each.value_cents * each.count]
        found.append(sum(each.value_cents * each.count for each in cash))
    opened, counted = (sum(e.total_cents for e in c) for c in (report.opening, report.counted))
    moved = [movement.amount_cents for movement in report.movements]
    takings = report.takings
    expected = opened + takings.cash_sales_cents - takings.cash_refunds_cents + sum(moved)
    found += [*moved, expected, counted - expected]
    found += [takings.cash_sales_cents + takings.card_sales_cents]
    found += [takings.cash_sales_cents, -takings.cash_refunds_cents]
    found += [takings.card_sales_cents, -takings.card_refunds_cents]
    found += [takings.perpetual_real_cents, takings.perpetual_absolute_cents]
    for handover in report.handovers:
        assert handover.expected_cents is not None
        found += [handover.counted_cents, handover.counted_cents - handover.expected_cents]
    return found + [late.total_cents for late in report.late]


@rendering
class TestTicket:
    def test_says_every_amount_as_often_as_it_must(self, name: str) -> None:
        @settings(max_examples=_EXAMPLES[name], deadline=None)
        @given(ticket=strategies.tickets(), language=LANGUAGES)
        def run(ticket: Ticket, language: str) -> None:
            text = READ[name](ticket_sheet.compose(ticket, seller=papers.SELLER, language=language))

            found = papers.amounts_in(text, language=language)
            assert found == papers.amounts(*amounts_of(ticket), language=language)

        run()

    def test_says_every_serial_and_pin_once(self, name: str) -> None:
        @settings(max_examples=_EXAMPLES[name], deadline=None)
        @given(ticket=strategies.tickets())
        def run(ticket: Ticket) -> None:
            text = READ[name](
                ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr")
            ).replace(" ", "")

            for voucher in ticket.vouchers:
                assert text.count(voucher.serial) == 1
                assert text.count(voucher.pin or "") == 1

        run()

    def test_says_no_pin_that_it_was_not_given(self, name: str) -> None:
        @settings(max_examples=_EXAMPLES[name], deadline=None)
        @given(ticket=strategies.tickets().filter(lambda ticket: bool(ticket.vouchers)))
        def run(ticket: Ticket) -> None:
            told = tuple(replace(voucher, pin=None) for voucher in ticket.vouchers)
            sheet = ticket_sheet.compose(
                replace(ticket, vouchers=told), seller=papers.SELLER, language="fr"
            )
            text = READ[name](sheet)

            assert text.count("Code non imprimé sur ce ticket") == len(told)
            for voucher in ticket.vouchers:
                assert (voucher.pin or "") not in text.replace(" ", "")

        run()

    def test_says_its_copy_its_refund_and_its_numbers(self, name: str) -> None:
        @settings(max_examples=_EXAMPLES[name], deadline=None)
        @given(ticket=strategies.tickets())
        def run(ticket: Ticket) -> None:
            text = READ[name](ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

            copy = ticket.reprint.number if ticket.reprint else 0
            assert (f"DUPLICATA {copy}" in text) == (copy > 0)
            assert "Réimpression" not in text
            assert ("REMBOURSEMENT" in text) == (ticket.refund_of is not None)
            if ticket.refund_of:
                why = " : " if ticket.refund_of.reason else " "  # it may have been blanked since
                assert f"Du ticket n° {ticket.refund_of.ticket_no}{why}" in text
            title = "Ticket hors ligne" if ticket.received_at else "Ticket"
            assert f" {title} n° {ticket.ticket_no} " in text
            assert f"Nombre de lignes {len(ticket.lines)} " in text
            assert "Signature aX7_" in text
            exempt = any(line.vat_rate == "exempt" for line in ticket.lines)
            assert ("TVA : exonérée, art. 261-7-1° b du CGI" in text) == exempt

        run()

    def test_says_nothing_of_why_once_that_was_blanked(self, name: str) -> None:
        ticket = papers.sale(
            lines=(papers.line(quantity=-1),),
            tendered_cents=None,
            refund_of=RefundOf(ticket_no=3, reason=""),
            reprint=Reprint(number=2, reason=""),
        )
        text = READ[name](ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

        assert "DUPLICATA 2" in text
        assert "Réimprimé" not in text
        assert "Du ticket n° 3" in text
        assert "Du ticket n° 3 :" not in text

    def test_shows_the_pin_in_fours_and_the_time_in_paris(self, name: str) -> None:
        text = READ[name](ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language="fr"))

        assert text.count("8412 0957 3166 04") == 1
        assert "22 nov. 2026, 14:03:27" in text
        assert "À utiliser au plus tard le" in text
        assert "31 décembre 2027" in text
        assert "appelez-le ou ouvrez son application" in text

    def test_says_who_sells_and_where_and_nobody_by_name(self, name: str) -> None:
        ticket = papers.sale(site_address="47 rue Jean Jaurès, Saint-Denis")
        text = READ[name](ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

        assert "47 rue Jean Jaurès, Saint-Denis" in text
        assert "Relais Solidaire – SIRET 123 456 782 00002" in text
        assert "Caisse 1" in text
        assert "Vendeur" not in text

    def test_says_that_it_was_sold_offline_and_when_it_was_recorded(self, name: str) -> None:
        ticket = papers.sale(received_at=datetime(2026, 11, 23, 7, 5, 0, tzinfo=UTC))
        text = READ[name](ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

        assert "Ticket hors ligne n° 4217" in text
        assert (
            "Vendu hors ligne le 22 nov. 2026, 14:03:27, enregistré le 23 nov. 2026, 08:05:00"
            in text
        )

    def test_shows_the_day_of_the_till_and_the_night_of_the_clock(self, name: str) -> None:
        ticket = papers.sale(
            recorded_at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC), business_date=date(2026, 12, 31)
        )
        text = READ[name](ticket_sheet.compose(ticket, seller=papers.SELLER, language="en"))

        assert "Jan 1, 2027, 00:30:00" in text
        assert "Business day December 31, 2026" in text


@rendering
class TestClosing:
    def test_says_every_amount_and_every_anchor(self, name: str) -> None:
        @settings(
            max_examples=_EXAMPLES[name],
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(report=strategies.closings(), language=LANGUAGES)
        def run(report: DrawerReport, language: str) -> None:
            text = READ[name](report_sheet.compose(report, seller=papers.SELLER, language=language))

            found = papers.amounts_in(text, language=language)
            assert found == papers.amounts(*amounts_of_report(report), language=language)
            words = Counter(text.split())
            assert all(words[anchor.hash_start] == 1 for anchor in report.anchors)

        run()

    def test_reads_as_the_cashier_expects(self, name: str) -> None:
        text = READ[name](
            report_sheet.compose(papers.closing(), seller=papers.SELLER, language="fr")
        )

        assert "Clôture Z n° 118" in text
        assert "Tickets 4101 – 4302" in text
        assert "Attendu dans le tiroir 347,50 €" in text
        assert "Total 342,00 € Écart -5,50 €" in text
        assert "Retrait : versement en banque 22 nov. 2026, 12:00:00, agent M2" in text
        assert "Réel (ventes moins remboursements) 1 234 567,50 €" in text
        assert "duplicata n° 12 60303ae22b998861" in text
        assert "Tickets : 3" in text
        assert "Fonds de caisse" in text
        assert "Total des ventes (espèces et carte) 500,00 €" in text
        assert "Réimpression" not in text

    def test_says_who_sells_and_where_and_no_code_of_the_site(self, name: str) -> None:
        address = "47 rue Jean Jaurès, Saint-Denis"
        for report in (papers.closing, papers.month, papers.blind):
            sheet = report_sheet.compose(
                report(place=papers.place(site_address=address)),
                seller=papers.SELLER,
                language="fr",
            )
            text = READ[name](sheet)

            assert f"Paris 19 {address} Relais Solidaire – SIRET 123 456 782 00002" in text
            assert "paris-19" not in text

    def test_names_the_people_by_what_they_did(self, name: str) -> None:
        text = READ[name](
            report_sheet.compose(papers.closing(), seller=papers.SELLER, language="fr")
        )

        assert "Ouverte par agent K7" in text
        assert "Tenue par agent R4" in text
        assert (
            "De l'agent K7 à l'agent R4 22 nov. 2026, 13:30:00, par un responsable, agent M2"
            " 210,50 € Écart -0,50 €"
        ) in text
        assert "Comptée par agent R4 Comptée le 22 nov. 2026, 18:30:00" in text
        assert "Approuvé par agent M2 Motif : billet égaré" in text
        assert "Approuvé le 22 nov. 2026, 18:31:00" in text

    @pytest.mark.parametrize(
        ("changes", "marks"),
        [
            ({}, []),
            (
                {"reprint": Reprint(number=2, reason="papier")},
                ["DUPLICATA 2", "Réimprimé : papier"],
            ),
            (
                {"is_shown": True},
                ["DUPLICATA", "Pour consultation"],
            ),
        ],
        ids=["original", "copy", "look"],
    )
    def test_says_which_copy_it_is(
        self, name: str, changes: dict[str, Any], marks: list[str]
    ) -> None:
        for report in (papers.closing, papers.month):
            sheet = report_sheet.compose(
                report(place=papers.place(**changes)), seller=papers.SELLER, language="fr"
            )
            text = READ[name](sheet)

            assert all(mark in text for mark in marks), text
            assert ("DUPLICATA" in text) == bool(changes)

    def test_of_a_month_says_its_sums_and_its_anchors(self, name: str) -> None:
        text = READ[name](report_sheet.compose(papers.month(), seller=papers.SELLER, language="fr"))

        assert "Clôture mensuelle n° 9" in text
        assert "Période novembre 2026" in text
        assert "Clôturée par l'horloge" in text
        assert "Tickets 3001 – 4302 Nombre de ventes 1299" in text
        said = [324_750, -750, 324_000, 100_000, 224_000, 324_000, 123456750, 123987650, 750]
        assert papers.amounts_in(text) == papers.amounts(*said)
        assert "duplicata n° 12 60303ae22b998861" in text

    def test_gives_a_blind_count_nothing_to_aim_at(self, name: str) -> None:
        text = READ[name](report_sheet.compose(papers.blind(), seller=papers.SELLER, language="fr"))

        assert "Lecture X" in text
        assert "Le montant attendu est masqué jusqu'au comptage" in text
        # The float, its parts and the movements are what the counter knows already.
        known = [1000, 4000, 50, 1000, 5000, -2000, 1000]
        assert papers.amounts_in(text) == papers.amounts(*known)


class TestModel:
    def test_has_no_place_for_a_person(self) -> None:
        names = {each.name for each in (*fields(Ticket), *fields(TicketVoucher))}

        assert not [name for name in names if "person" in name or "customer" in name]

    @settings(max_examples=25)
    @given(ticket=strategies.tickets().filter(lambda ticket: bool(ticket.vouchers)))
    def test_keeps_pins_out_of_what_logs_show(self, ticket: Ticket) -> None:
        sheet = ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr")

        for voucher in ticket.vouchers:
            assert (voucher.pin or "") not in repr(ticket) + str(ticket)
            assert repr((voucher.pin or "")[:4]) not in repr(sheet)


class TestSpeed:
    def test_prints_a_ticket_in_under_five_milliseconds(self) -> None:
        taken = []
        for _ in range(20):
            begun = time.perf_counter()
            escpos.render(ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language="fr"))
            taken.append(time.perf_counter() - begun)

        # The best of them: others use this machine too.
        assert min(taken) < 0.005
