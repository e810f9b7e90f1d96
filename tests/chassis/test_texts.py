"""Sentences for persons, in French unless they ask for English."""

from datetime import date
from enum import StrEnum

import pytest

from chassis import auth, texts
from kernel.refusal import Throttled
from services.recharges.domain.cap import CapExceeded, EntitlementEnded
from services.recharges.domain.stock import NoVoucherLeft

NBSP = "\xa0"


class Colour(StrEnum):
    """A word of the trade that nobody translated."""

    RED = "red"


class TestLanguageOf:
    @pytest.mark.parametrize(
        ("header", "language"),
        [
            (None, "fr"),
            ("", "fr"),
            ("fr", "fr"),
            ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
            ("en", "en"),
            ("en-GB,en;q=0.9", "en"),
            (" EN-us", "en"),
            ("de", "fr"),
            ("*", "fr"),
            ("\x00é", "fr"),
        ],
    )
    def test_is_french_unless_english_comes_first(self, header: str | None, language: str) -> None:
        assert texts.language_of(header) == language


class TestExplain:
    def test_writes_amounts_as_the_language_does(self) -> None:
        refusal = CapExceeded(counted_cents=123456, left_cents=5)

        assert texts.explain(refusal, language="fr") == (
            f"Cette vente compte pour 1\u202f234,56{NBSP}€ et il reste 0,05{NBSP}€ du plafond du"
            " mois."
        )
        assert texts.explain(refusal, language="en") == (
            "This sale counts €1,234.56 and €0.05 are left of the monthly cap."
        )

    def test_writes_days_as_the_language_does(self) -> None:
        refusal = EntitlementEnded(until_on=date(2026, 8, 1))

        assert texts.explain(refusal, language="fr").endswith("le 1er août 2026.")
        assert texts.explain(refusal, language="en").endswith("on August 1, 2026.")

    def test_says_nothing_where_nothing_is_to_be_said(self) -> None:
        assert texts.translate("", language="fr", service="recharges") == ""

    def test_finds_the_sentences_of_the_kernel_and_of_each_service(self) -> None:
        assert texts.explain(Throttled(retry_after_s=9), language="fr") == (
            "Trop de tentatives. Veuillez attendre 9 secondes."
        )
        refusal = NoVoucherLeft(offer_code="sfr-15", left=0, quantity=1)
        assert "restant à ce point d'accueil" in texts.explain(refusal, language="fr")

    def test_takes_no_placeholder_out_of_a_value(self) -> None:
        refusal = NoVoucherLeft(offer_code="{left} {0} {__class__}", left=0, quantity=1)

        assert "{left} {0} {__class__}" in texts.explain(refusal, language="fr")

    @pytest.mark.parametrize(
        ("left", "french", "english"),
        [
            (0, "0 seconde.", "0 seconds."),
            (1, "1 seconde.", "1 second."),
            (2, "2 secondes.", "2 seconds."),
        ],
    )
    def test_says_the_singular_of_one(self, left: int, french: str, english: str) -> None:
        refusal = Throttled(retry_after_s=left)

        assert texts.explain(refusal, language="fr").endswith(f" {french}")
        assert texts.explain(refusal, language="en").endswith(f" {english}")
        assert str(refusal).endswith(f" {english}")

    @pytest.mark.parametrize("role", [*auth.ROLES, "till_device", "enrolling"])
    def test_says_a_role_in_words(self, role: str) -> None:
        shown = texts.explain(auth.RoleNotAllowed(role=role, roles=(role,)), language="fr")

        assert "_" not in shown
        assert f"({role})" not in shown

    def test_says_an_unknown_role_as_it_is(self) -> None:
        refusal = auth.RoleNotAllowed(role="wizard", roles=("witch",))

        assert texts.explain(refusal, language="fr") == (
            "Votre rôle (wizard) ne le permet pas. Qui le peut : witch."
        )

    def test_says_whose_role_allows_it(self) -> None:
        refusal = auth.RoleNotAllowed(role="referrer", roles=("mediator", "site_manager", "admin"))

        assert texts.explain(refusal, language="fr") == (
            "Votre rôle (prescripteur) ne le permet pas."
            " Qui le peut : médiateur, responsable de point d'accueil ou administrateur."
        )
        assert texts.explain(refusal, language="en") == (
            "Your role (referrer) does not allow this."
            " Who may do it: mediator, site manager, or administrator."
        )


class TestSay:
    def test_leaves_what_nobody_translated_in_english(self) -> None:
        assert texts.say("Bought {colour}.", {"colour": Colour.RED}, language="fr") == "Bought red."

    def test_knows_services_that_have_no_catalogue(self) -> None:
        assert texts.translate("Bought.", language="fr", service="nowhere") == "Bought."


class TestAmount:
    @pytest.mark.parametrize(
        ("cents", "shown"),
        [(0, "0,00"), (5, "0,05"), (250, "2,50"), (-250, "\N{MINUS SIGN}2,50"), (99, "0,99")],
    )
    def test_shows_every_cent(self, cents: int, shown: str) -> None:
        assert texts.amount(cents, language="fr") == f"{shown}{NBSP}€"

    def test_is_exact_for_the_largest_amounts(self) -> None:
        shown = texts.amount(2**62 + 1, language="en")

        assert shown.replace(",", "") == "€46116860184273879.05"
