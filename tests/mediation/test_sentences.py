"""Every sentence that mediation may say exists in French, with the same placeholders."""

import re
from collections.abc import Iterator
from datetime import date
from string import Formatter

import pytest

from chassis import texts
from kernel.refusal import Refusal
from services.mediation import handlers
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.termination_fee import fee_of
from tests.mediation.ask import ask, event, mediation
from tests.mediation.test_late_interest import interest
from tests.mediation.test_plan import cut
from tests.mediation.test_termination_fee import IN_2023, a_contract


def refusals(parent: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for child in parent.__subclasses__():
        yield child
        yield from refusals(child)


REFUSALS = sorted(
    {each for each in refusals() if each.__module__.startswith(handlers.__package__ or "")},
    key=lambda each: each.code,
)
LATE = date(2027, 3, 1)
FOUND = (
    ask(),
    ask(on=date(2025, 4, 1)),
    ask(kind=LineKind.COLLECTION_FEE),
    ask(event(EventKind.PAYMENT, date(2025, 3, 1)), event(EventKind.REMINDER, date(2025, 4, 1))),
    ask(event(EventKind.PAYMENT, date(2026, 4, 1)), mediation(date(2026, 5, 1)), on=LATE),
    ask(event(EventKind.COURT_CLAIM, date(2025, 4, 1)), mediation(date(2025, 5, 1))),
    ask(event(EventKind.COURT_CLAIM, LATE)),
    cut(2_500, count=25),
    cut(100, count=1),
    fee_of(a_contract(commitment=25, elapsed=5)),
    fee_of(a_contract(elapsed=24)),
    fee_of(a_contract(over_indebted=True, signed_on=IN_2023)),
    fee_of(a_contract(commitment=12, elapsed=5)),
    interest(until_on=date(2026, 8, 1)),
)
SENTENCES = sorted({step.sentence for found in FOUND for step in found.basis})


def french(sentence: str) -> str:
    return texts.translate(sentence, language="fr", service="mediation")


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


class TestFrench:
    def test_there_are_sentences_to_check(self) -> None:
        assert len(REFUSALS) > 40
        assert len(SENTENCES) == 23

    @pytest.mark.parametrize("sentence", [*(each.sentence() for each in REFUSALS), *SENTENCES])
    def test_says_each_sentence_with_the_same_values(self, sentence: str) -> None:
        assert french(sentence) != sentence
        assert placeholders(french(sentence)) == placeholders(sentence)

    @pytest.mark.parametrize("word", [*LineKind, *EventKind])
    def test_has_a_word_for_each_kind(self, word: str) -> None:
        assert french(word) != word

    def test_writes_amounts_days_and_words_as_the_french_do(self) -> None:
        step = fee_of(a_contract(elapsed=5)).basis[0]
        said = texts.say(step.sentence, step.values, language="fr", service="mediation")
        assert said == "7 mensualités dues jusqu’au mois 12 : 175,00\xa0€."
        once = fee_of(a_contract(commitment=12, elapsed=11)).basis[0]
        said = texts.say(once.sentence, once.values, language="fr", service="mediation")
        assert said == "Engagement d’au plus 12 mois : le reste est dû, soit 1 mensualité."
        step = ask().basis[0]
        said = texts.say(step.sentence, step.values, language="fr", service="mediation")
        assert "« prestation » exigible le 10 mars 2025" in said


class TestArticles:
    def test_have_no_english_month_in_french(self) -> None:
        articles = {step.article for found in FOUND for step in found.basis}
        said = {french(article) for article in articles}
        assert len(said) > 10
        assert [
            each for each in said if re.search(r"\b(Mar|May|Jul|Dec|House|Order)\b", each)
        ] == []


class TestCodes:
    def test_each_refusal_has_its_own_code_in_this_service(self) -> None:
        codes = [each.code for each in REFUSALS]
        assert len(set(codes)) == len(codes)
        assert all(re.fullmatch(r"mediation\.[a-z_]+\.[a-z_]+", code) for code in codes)
