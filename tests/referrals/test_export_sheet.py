"""The export on paper says in French what the JSON says, and is accessible."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from chassis import personal, queries, texts
from chassis.auth import ROLES
from services.mediation.domain.limitation_law import EventKind
from services.mediation.domain.offer import Answer
from services.referrals.domain.erasure import Reason
from services.referrals.printing import codes, export_sheet, pdf
from tests.fix_stack import TxOf

ROOT = Path(__file__).parents[2]
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


#: Tables of which an export tells nothing: what referrals tells all others, and the erasures of
#: people who have no export any more.
LEFT_OUT = {
    "referrals": {"erasure", "forgotten_person", "person_alias", "told_case"},
    "equipment": {"forgotten_person", "person_alias", "person_merge"},
    "mediation": {"forgotten_person", "person_alias", "person_merge"},
    "recharges": {"forgotten_person", "person_alias", "person_merge"},
    "accounts": {"forgotten_person"},
    "donations": {"forgotten_person"},
    "settlement": {"forgotten_person"},
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
            "20 novembre 2026 à 13:00",
            "État au 21 novembre 2026 à 10:30.",
            "quantité 1",
            "Seuls les plus récents",
            "Médiation : ce service détient plus",
            "Rien.",
        ],
    )
    def test_says(self, words: str) -> None:
        assert words in page()

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("expires_on", "2027-02-22", "21 février 2027 inclus"),
            ("until_on", "2027-03-01", "28 février 2027 inclus"),
            ("legal_until", "2028-11-21", "21 novembre 2028"),
            ("birth_date", "1975-12-01", "1er décembre 1975"),
            ("month_on", "2026-11-01", "novembre 2026"),
            ("at", "2026-11-22T07:43:26.776519Z", "22 novembre 2026 à 08:43"),
            ("known_since", "2026-07-01T07:43:26+00:00", "1er juillet 2026 à 09:43"),
            ("tender", "cash", "espèces"),
            ("needs", ["recharge", "phone"], "recharge téléphonique ; téléphone"),
            ("family_name", "Paid", "Paid"),
            ("given_name", "paid", "paid"),
            ("client_reference", "2026-02-31", "2026-02-31"),
        ],
    )
    def test_writes(self, field: str, value: object, words: str) -> None:
        held: Any = {"referrals": {"identity": [{field: value}]}}
        made = export_sheet.to_html(held, too_large={}, ready_at=READY)

        assert f"<td>{words}</td>" in made

    def test_tells_accesses_in_one_table(self) -> None:
        assert page().count("<td>fiche affichée</td>") == export_sheet.ROWS_MAX
        assert page().count('<th scope="col">quand</th>') == 1

    def test_sends_nobody_to_a_reception_point_that_cannot_help(self) -> None:
        assert "tout point d’accueil" not in page()
        assert "demandez-le au point d’accueil de votre orientation" in page()
        assert "rien n’est effacé" in page()

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

    @pytest.mark.parametrize("service", sorted(LEFT_OUT))
    def test_leaves_out_no_table_that_names_people(self, service: str, tx_of: TxOf) -> None:
        held = " ".join(
            query
            for name, query in queries.load(f"services.{service}").items()
            if name.startswith(personal.HELD)
        )

        tables = {
            row["table_name"]
            for row in tx_of(service).execute(
                "SELECT table_name FROM information_schema.columns"
                " WHERE table_schema = %s AND column_name IN ('person_ref', 'person_refs')",
                (service,),
            )
        }

        assert {each for each in tables if not re.search(rf"\b{each}\b", held)} == LEFT_OUT[service]

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

    @pytest.mark.parametrize("service", ["equipment", "mediation", "recharges", "referrals"])
    def test_has_words_for_every_code_that_columns_may_hold_of(
        self, service: str, tx_of: TxOf
    ) -> None:
        tx, held = tx_of(service), set[tuple[str, str]]()
        for name, query in queries.load(f"services.{service}").items():
            if name.startswith(personal.HELD):
                shown = tx.execute(query, {"person_refs": []})
                held |= {
                    (column.name, code)
                    for at, column in enumerate(shown.description or ())
                    for code in codes_of(tx, shown, at)
                }

        assert len(held) >= 5
        assert [
            (field, code)
            for field, code in sorted(held)
            if field not in codes.CODED or code not in codes.WORDS
        ] == []

    def test_has_words_for_every_code_that_only_the_code_knows(self) -> None:
        sources = "".join(
            path.read_text()
            for service in ("mediation", "referrals")
            for path in (ROOT / "services" / service).rglob("*.py")
        )
        looked = set(re.findall(r'note_access\([^)]*what="(\w+)"', sources))
        stepped = set(re.findall(r'step="(\w+)"', sources))
        known = looked | stepped | set(Reason) | set(ROLES) | set(EventKind) | set(Answer)

        assert {"people_searched", "offer_made"} <= known
        assert sorted(known - codes.WORDS.keys()) == []

    def test_has_french_for_every_code(self) -> None:
        untold = [
            words
            for words in codes.WORDS.values()
            if texts.translate(words, language="fr", service="referrals") == words
        ]
        assert untold == []


def codes_of(tx: Any, shown: Any, at: int) -> set[str]:
    """The codes that a CHECK lets stand in the column behind one column of a result."""
    checks = tx.execute(
        "SELECT pg_get_constraintdef(oid) AS says FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid = %s AND conkey = ARRAY[%s]::smallint[]",
        (shown.pgresult.ftable(at), shown.pgresult.ftablecol(at)),
    )
    return {
        code for check in checks for code in re.findall(r"'([a-z][a-z_]+)'::text", check["says"])
    }
