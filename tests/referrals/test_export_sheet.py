"""The export on paper says in French what the JSON says, and is accessible."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from pypdf import PdfReader

from chassis import personal, queries, texts
from services.referrals.printing import export_sheet, pdf
from tests.fix_stack import TxOf

READY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HELD: Any = {
    "referrals": {
        "identity": [{"given_name": "Zoé", "birth_date": "1961-02-03", "phone": None}],
        "accesses": [{"at": "x", "what": "person_shown"}] * (export_sheet.ROWS_MAX + 5),
    },
    "recharges": {
        "sales": [
            {
                "total_cents": 250,
                "sold_at": "2026-11-20T12:00:00Z",
                "lines": [{"quantity": 1, "price_cents": 250}],
            }
        ]
    },
    "donations": {},
}


def page() -> str:
    return export_sheet.to_html(HELD, too_large={"mediation": 9_000_000}, ready_at=READY)


class TestSheet:
    @pytest.mark.parametrize(
        "words",
        [
            "Ce que le réseau détient sur vous",
            "21 novembre 2026",
            "Zoé",
            "3 février 1961",
            "2,50\xa0€",
            "20 novembre 2026 13:00",
            "quantité 1",
            "Seuls les plus récents",
            "Médiation : ce service détient plus",
            "Rien.",
        ],
    )
    def test_says(self, words: str) -> None:
        assert words in page()

    def test_escapes_what_it_is_given(self) -> None:
        held = {"mediation": {"lines": [{"label": "<script>alert(1)</script>"}]}}
        made = export_sheet.to_html(held, too_large={}, ready_at=READY)

        assert "<script>" not in made
        assert "&lt;script&gt;" in made

    def test_is_an_accessible_document(self) -> None:
        reader = PdfReader(io.BytesIO(pdf.render(page())))

        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]  # type: ignore[index]
        assert reader.trailer["/Root"]["/Lang"] == "fr"  # type: ignore[index]
        assert b"pdfuaid" in reader.trailer["/Root"]["/Metadata"].get_data()  # type: ignore[index]
        assert "Zoé" in "".join(each.extract_text() for each in reader.pages)

    @pytest.mark.parametrize("service", ["equipment", "mediation", "recharges", "referrals"])
    def test_has_french_for_every_field_of(self, service: str, tx_of: TxOf) -> None:
        tx, shown = tx_of(service), {service}
        for name, query in queries.load(f"services.{service}").items():
            if name.startswith(personal.HELD):
                found = tx.execute(query, {"person_refs": []})
                shown |= {name.removeprefix(personal.HELD)}
                shown |= {column.name for column in found.description or ()}

        labels = {export_sheet.label(each) for each in shown}
        untold = [
            each
            for each in labels - {"code", "situation", "total"}
            if texts.translate(each, language="fr", service="referrals") == each
        ]
        assert len(shown) > 15
        assert untold == []
