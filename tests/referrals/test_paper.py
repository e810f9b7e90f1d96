"""The bon d'orientation on paper: what it says, what it does not, and what a camera reads of it."""

import re
from datetime import date
from io import BytesIO
from typing import Any

import pypdfium2
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from chassis import qr
from services.referrals.api.referrals import Need
from services.referrals.printing import slip
from services.referrals.printing.slip import Paper
from services.referrals.seal import Slip, read
from tests.referrals.build import SEAL, new_id

NEEDS: tuple[str, ...] = Need.__args__  # type: ignore[attr-defined]
EXPIRES = date(2027, 2, 21)
_DOTS_PER_POINT = 3


def a_paper(**changes: Any) -> Paper:
    sealed = Slip(referral_id=new_id(), code="ABCD-EFGH", expires_on=EXPIRES)
    said: dict[str, Any] = {
        "code": "ABCD-EFGH",
        "signed": SEAL.sign(sealed),
        "site": "Connexions Solidaires Saint-Denis",
        "address": "47 rue Jean Jaurès, Saint-Denis",
        "expires_on": EXPIRES,
        "needs": ("recharge", "mediation"),
        "given_name": "Hélène",
        "family_initial": "é",
    }
    return Paper(**(said | changes))


def text_of(document: bytes) -> str:
    pages = PdfReader(BytesIO(document)).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def squares_of(document: bytes) -> list[str]:
    """What a camera reads on the page."""
    pdf = pypdfium2.PdfDocument(document)
    try:
        picture = pdf[0].render(scale=_DOTS_PER_POINT).to_pil()
    finally:
        pdf.close()
    return [found.text for found in zxingcpp.read_barcodes(picture)]


class TestPaper:
    def test_says_where_until_when_and_what_to_bring(self) -> None:
        text = text_of(slip.to_pdf(a_paper()))

        for said in (
            "Bon d'orientation",
            "ABCD-EFGH",
            "Connexions Solidaires Saint-Denis",
            "47 rue Jean Jaurès, Saint-Denis",
            "Venez le 20 février 2027 au plus tard.",
            "votre téléphone",
            "les factures et les courriers de l'opérateur",
        ):
            assert said in text, text

    def test_says_of_an_entry_that_it_is_provisional_until_when_and_who_confirms_it(self) -> None:
        text = text_of(slip.to_pdf(a_paper(provisional=True, needs=NEEDS, address="A" * 200)))

        for said in (
            "Bon provisoire",
            "Ce bon est provisoire : il est valable jusqu'au 20 février 2027",
            "Demandez d'ici là à un travailleur social de le confirmer",
            "en lui donnant ce code : ABCD-EFGH.",
        ):
            assert said in text, text
        assert "Bon d'orientation" not in text
        assert "vous l'a remis" not in text

    def test_square_is_read_by_a_camera_and_checked_with_the_public_key(self) -> None:
        paper = a_paper()

        [signed] = squares_of(slip.to_pdf(paper))

        assert signed == paper.signed
        found = read(signed, public_key=SEAL.public_key, on=date(2026, 11, 20))
        assert found.code == "ABCD-EFGH"

    def test_calls_a_person_by_the_given_name_and_one_letter(self) -> None:
        assert "Hélène É." in text_of(slip.to_pdf(a_paper()))
        assert a_paper(given_name=None, family_initial=None).called == ""

    def test_is_one_tagged_page_that_says_its_language_and_its_picture(self) -> None:
        document = slip.to_pdf(a_paper(needs=NEEDS, site="S" * 120, address="A" * 200))

        reader = PdfReader(BytesIO(document))
        root: Any = reader.trailer["/Root"]
        assert len(reader.pages) == 1
        assert root["/Lang"] == "fr"
        assert "/StructTreeRoot" in root
        assert b"pdfuaid:part" in root["/Metadata"].get_data()
        assert "QR code du bon ABCD-EFGH" in str(_alternatives(root["/StructTreeRoot"]))

    def test_fetches_nothing_and_runs_nothing(self) -> None:
        page = slip.to_html(a_paper(site='<script src="https://example.org/x.js">'))

        assert "<script" not in page
        assert re.findall(r'(?:src|href)="(?!data:image/svg)', page) == []

    @settings(max_examples=8)
    @given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=120))
    def test_prints_whatever_a_site_is_called(self, name: str) -> None:
        assert slip.to_pdf(a_paper(site=name)).startswith(b"%PDF-")


class TestSquare:
    @settings(max_examples=20)
    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=150))
    def test_holds_the_text(self, text: str) -> None:
        document = _page_of(qr.as_picture(text))

        assert squares_of(document) == [text]


def _page_of(picture: str) -> bytes:
    from weasyprint import HTML

    page = HTML(string=f'<img style="width: 60mm" src="{picture}">')
    document: bytes = page.write_pdf()
    return document


def _alternatives(node: Any) -> list[str]:
    """The words that stand for pictures, anywhere in the tree of a tagged page."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [said for each in node for said in _alternatives(each)]
    if not isinstance(node, dict):
        return []
    own = [str(node["/Alt"])] if "/Alt" in node else []
    return own + (_alternatives(node["/K"]) if "/K" in node else [])
