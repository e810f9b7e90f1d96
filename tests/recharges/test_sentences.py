"""What a code says to the person at the till: few sentences, each with its French."""

import pytest

from chassis import texts
from deploy.stripe.cards import CARDS
from services.recharges.domain import decline, freeze, offline_sale
from tests.recharges.counter import Counter
from tests.recharges.shop import Shop


def in_french(sentence: str) -> str:
    return texts.translate(sentence, language="fr", service="recharges")


class TestSentences:
    @pytest.mark.parametrize("table", [decline, freeze], ids=["decline", "freeze"])
    def test_are_all_there_in_french(self, table: object) -> None:
        said = {*vars(table)["SENTENCES"].values(), vars(table)["GENERAL"]}

        assert len(said) > 4
        assert [sentence for sentence in said if in_french(sentence) == sentence] == []


class TestDecline:
    @pytest.mark.parametrize(
        "code", ["lost_card", "stolen_card", "fraudulent", "do_not_honor", "?"]
    )
    def test_does_not_tell_a_stolen_card_from_any_other(self, code: str) -> None:
        assert decline.sentence(code) == decline.GENERAL

    def test_says_what_to_do_of_every_card_that_the_stand_in_declines(self) -> None:
        codes = {card.decline_code or card.code for card in CARDS.values() if card.code}

        assert {code for code in codes if decline.sentence(code) == decline.GENERAL} == {
            "generic_decline"
        }


class TestFrozenTill:
    def test_has_words_for_each_code_that_an_offline_line_is_refused_for(self) -> None:
        codes = {
            each.code
            for each in vars(offline_sale).values()
            if isinstance(each, type) and hasattr(each, "code") and each.__module__.endswith("sale")
        }

        assert len(codes) > 8
        assert {freeze.sentence(code) for code in codes} == {
            sentence for code, sentence in freeze.SENTENCES.items() if code != freeze.CHAIN_BROKEN
        } | {freeze.GENERAL}

    def test_is_shown_with_its_reason_and_a_sold_line_with_its_own(self, shop: Shop) -> None:
        shop.stock_up(9)
        counter, person = Counter(shop=shop), shop.entitle()
        lease_id = counter.take(5, person)
        lines = [counter.sell(lease_id, person) for _ in range(3)]

        (first, second) = counter.outcomes(lines[1:])

        assert (first.code, first.detail) == (
            "recharges.offline.chain_broken",
            "Cette vente ne suit pas la précédente : la vente 1 était attendue.",
        )
        assert (second.code, second.detail) == (
            "recharges.offline.after_refused",
            "Une vente qui précède celle-ci a été refusée.",
        )
        (till,) = counter.tills()
        assert (till.state, till.frozen_why) == ("frozen", "recharges.offline.chain_broken")
        assert till.frozen_detail == in_french(freeze.SENTENCES["recharges.offline.chain_broken"])
