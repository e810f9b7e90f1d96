"""Every service that answers erasures remembers whom it forgot, and writes nothing about them."""

from uuid import uuid4

import pytest

from chassis import forgotten
from chassis.forgotten import NO_WORDS, PersonErased, WordsRefused
from chassis.personal import PersonalData
from deploy import contracts
from tests.erasures import forget
from tests.fix_stack import TxOf

SERVICES = [
    name
    for name in contracts.service_names()
    if issubclass(contracts.service_class(name), PersonalData)
]


def test_whoever_hears_of_erasures_is_everybody_but_the_one_that_tells_them() -> None:
    assert {*contracts.service_names()} - {*SERVICES} == {"referrals"}


@pytest.mark.parametrize("service", SERVICES)
class TestWhoeverIsForgotten:
    def test_stays_so_under_each_of_their_references(self, service: str, tx_of: TxOf) -> None:
        tx, (one, other, stranger) = tx_of(service), (uuid4() for _ in range(3))

        receipts = [forget(tx, one, other, service=service) for _ in range(2)]

        assert forgotten.find(tx, [one, other, stranger]) == {one, other}
        assert receipts[0] == receipts[1], "nothing was there to be blanked"
        with pytest.raises(PersonErased):
            forgotten.require_known(tx, other)
        forgotten.require_known(tx, stranger)

    def test_is_written_about_no_more(self, service: str, tx_of: TxOf) -> None:
        tx, (person, stranger) = tx_of(service), (uuid4() for _ in range(2))
        forget(tx, person, service=service)

        with pytest.raises(WordsRefused):
            forgotten.require_no_words(tx, person, None, "a word")
        forgotten.require_no_words(tx, person, None, "", NO_WORDS)
        forgotten.require_no_words(tx, stranger, "a word")
        assert forgotten.words_about(tx, person, "a word") == ""
        assert forgotten.words_about(tx, stranger, "a word") == "a word"
