"""What each paper asks for: columns and code page, escaping, tags, and French everywhere."""

import ast
import inspect
import re
from io import BytesIO
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from pypdf import PdfReader

from deploy.local.home import ROOT
from services.recharges.domain.report import DrawerReport
from services.recharges.domain.ticket import TOP_UPS, Reprint, Ticket
from services.recharges.printing import escpos, html, pdf, report_sheet, sms, ticket_sheet
from services.recharges.printing.html import Paper
from tests.recharges.printing import papers, strategies

HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}<!--\x1b@\x1dV\x00\u202e"


class TestRoll:
    @settings(max_examples=100, deadline=None)
    @given(ticket=strategies.tickets(texts=strategies.hostile))
    def test_is_never_wider_than_its_columns(self, ticket: Ticket) -> None:
        printed = escpos.render(ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

        widths = [width for _, width in papers.lines_of_roll(printed)]
        assert max(widths) <= escpos.COLUMNS

    @settings(max_examples=50, deadline=None)
    @given(report=strategies.closings(texts=strategies.hostile))
    def test_is_never_wider_for_a_report(self, report: DrawerReport) -> None:
        printed = escpos.render(report_sheet.compose(report, seller=papers.SELLER, language="en"))

        assert max(width for _, width in papers.lines_of_roll(printed)) <= escpos.COLUMNS

    @settings(max_examples=100, deadline=None)
    @given(ticket=strategies.tickets(texts=strategies.hostile))
    def test_obeys_no_command_hidden_in_a_label(self, ticket: Ticket) -> None:
        printed = escpos.render(ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

        text = "".join(text for text, _ in papers.lines_of_roll(printed))
        assert text.isprintable()
        assert printed.count(b"\x1dV") == 1

    def test_comes_back_from_the_code_page_as_it_was_written(self) -> None:
        ticket = papers.sale(
            site_name="Cœur d’Hérault", lines=(papers.line(label="Forfait « été » à 5 €, ça va"),)
        )
        printed = escpos.render(ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))

        text = papers.text_of_roll(printed)
        assert printed.startswith(b"\x1b@")
        assert b"\x1bt\x10" in printed  # code page 16 is WPC1252
        assert "Cœur d’Hérault" in text
        assert "Forfait « été » à 5 €, ça va" in text

    def test_writes_what_the_code_page_lacks_as_near_as_it_can(self) -> None:
        ticket = papers.sale(site_name="Łódź Ångström 東京")

        assert "?ódz Ångström ??" in papers.text_of_roll(
            escpos.render(ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))
        )

    def test_shows_operator_pin_and_copy_twice_as_large(self) -> None:
        lines = dict(
            papers.lines_of_roll(
                escpos.render(
                    ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language="fr")
                )
            )
        )

        assert lines["SFR"] == 2 * len("SFR")
        assert lines["8412 0957 3166 04"] == 2 * len("8412 0957 3166 04")


class TestPage:
    @pytest.mark.parametrize("paper", Paper)
    def test_escapes_what_it_is_given(self, paper: Paper) -> None:
        ticket = papers.sale(
            site_name=HOSTILE,
            till_name=HOSTILE,
            lines=(papers.line(label=HOSTILE),),
            vouchers=(papers.voucher(offer_label=HOSTILE, operator_name=HOSTILE),),
        )
        page = html.render(
            ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"), paper=paper
        )

        assert "<script" not in page
        assert "<!--" not in page
        assert "\x1b" not in page
        shown = "<script>alert(1)</script>\"'&{{ 7*7 }}<!--@ V"
        assert papers.text_of_html(page).count(shown) == 5

    def test_runs_no_script_and_fetches_nothing(self) -> None:
        page = html.render(ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language="fr"))

        for reference in ("<script", "javascript:", "src=", "href=", "url(", "@import", "http:"):
            assert reference not in page
        assert " style=" not in page

    def test_says_its_language(self) -> None:
        for language in ("fr", "en"):
            page = html.render(
                ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language=language)
            )
            assert f'<html lang="{language}">' in page

    def test_has_the_width_of_the_roll(self) -> None:
        assert "size: 80mm" in html.render(
            ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language="fr")
        )


class TestDocument:
    @pytest.fixture
    def document(self) -> PdfReader:
        sheet = ticket_sheet.compose(papers.sale(), seller=papers.SELLER, language="fr")
        return PdfReader(BytesIO(pdf.render(sheet)))

    def test_is_tagged_for_who_cannot_see_it(self, document: PdfReader) -> None:
        root: Any = document.root_object

        assert root["/MarkInfo"]["/Marked"].value
        assert root["/Lang"] == "fr"
        assert "/StructTreeRoot" in root
        assert b"pdfuaid:part" in root["/Metadata"].get_data()

    def test_is_named_for_its_ticket(self, document: PdfReader) -> None:
        assert document.metadata
        assert document.metadata.title == "Ticket n° 4217 – Paris 19"

    @pytest.mark.parametrize("vouchers", [1, 2])
    @pytest.mark.parametrize("copy_no", [0, 1])
    def test_holds_an_ordinary_ticket_and_its_copy_on_one_page(
        self, vouchers: int, copy_no: int
    ) -> None:
        (page,) = pages_of(vouchers=vouchers, copy_no=copy_no)

        assert page.count("8412 0957 3166 04") == vouchers
        assert page.endswith("1 / 1")

    def test_says_on_each_further_page_of_which_ticket_it_is(self) -> None:
        first, *further = pages_of(vouchers=7)

        assert first.startswith("Connexions Solidaires Saint-Denis")
        assert len(further) > 1
        for number, page in enumerate(further, start=2):
            assert page.endswith(f"Ticket n° 4217 {number} / {len(further) + 1}")
            assert page.count("Ticket n° 4217") == 1


def pages_of(*, vouchers: int, copy_no: int = 0) -> list[str]:
    """What the pages of a ticket say, one after the other."""
    ticket = papers.sale(
        site_name="Connexions Solidaires Saint-Denis",
        site_address="47 rue Jean Jaurès, 93200 Saint-Denis",
        lines=(papers.line(quantity=vouchers),),
        vouchers=tuple(papers.voucher(serial=f"SFR000421773{n}") for n in range(vouchers)),
        reprint=Reprint(number=copy_no, reason="imprimante en panne") if copy_no else None,
    )
    document = pdf.render(ticket_sheet.compose(ticket, seller=papers.SELLER, language="fr"))
    return [papers.flat(page.extract_text()) for page in PdfReader(BytesIO(document)).pages]


def sentences_in(module: object) -> set[str]:
    """The English that a module says: its texts, but for docstrings and pieces of f-strings."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    apart = {
        id(part)
        for node in ast.walk(tree)
        for part in (
            ast.walk(node)
            if isinstance(node, ast.JoinedStr)
            else [node.value]
            if isinstance(node, ast.Expr)
            else []
        )
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in apart
        and re.match(r"[A-Z{].*[a-z}]{2}", node.value)
    }


class TestCatalogue:
    @pytest.mark.parametrize("module", [ticket_sheet, report_sheet, sms])
    def test_has_the_french_of_all_that_is_printed(self, module: object) -> None:
        with (ROOT / "services" / "recharges" / "locale" / "fr.po").open("rb") as source:
            known = {str(message.id) for message in read_po(source, locale="fr") if message.string}

        said = sentences_in(module) | {each.how for each in TOP_UPS}
        assert len(said) > 5
        assert sorted(said - known) == []
