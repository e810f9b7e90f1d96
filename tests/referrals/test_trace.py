"""A trace finds whom it is of, however they are written, and nobody else."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.referrals.domain.person import Identity, fold
from services.referrals.domain.trace import digest_under, is_found, traces_of, words_in

DIGEST = digest_under(b"a key of the tests")
NAMES = st.text(alphabet="abcdefgéèêïçæœ'- ", min_size=3, max_size=20).filter(
    lambda text: len(fold(text).replace(" ", "")) > 2
)


def somebody(
    *, given_name: str = "Zoé", family_name: str = "Cœur-d'Alène", phone: str | None = None
) -> Identity:
    return Identity(
        given_name=given_name,
        family_name=family_name,
        birth_date=date(1970, 1, 2),
        phone=phone,
        email="zoe.alene@example.org",
    )


def found(identity: Identity, text: str) -> list[bool]:
    digests = {DIGEST(word) for word in words_in(text)}
    return [is_found(trace, digests=digests) for trace in traces_of(identity, digest=DIGEST)]


class TestTrace:
    @pytest.mark.parametrize(
        "text",
        [
            "Zoé Cœur-d'Alène",
            "COEUR D ALENE ZOE",
            '{"label": "Facture de Mme Zoe COEUR d\'ALENE, mars"}',
            "écrire à ZOE.Alene@Example.ORG.",
            "tél 06 39 98 00 12",
            "+33(0)6.39.98.00.12",
            "0033639980012",
        ],
    )
    def test_is_found_however_it_is_written(self, text: str) -> None:
        assert any(found(somebody(phone="+33639980012"), text))

    @pytest.mark.parametrize(
        "text",
        ["Zoé", "Cœur d'Alène", "Zoé Alène", "06 39 98 00 13", "6 39 98 00", "alene@example.org"],
    )
    def test_is_not_found_in_a_part_or_in_another(self, text: str) -> None:
        assert not any(found(somebody(phone="+33639980012"), text))

    @given(given_name=NAMES, family_name=NAMES, before=st.text(max_size=20))
    def test_of_any_name_is_found_in_any_text_that_holds_it(
        self, given_name: str, family_name: str, before: str
    ) -> None:
        assume("@" not in before)
        person = somebody(given_name=given_name, family_name=family_name)

        assert any(found(person, f"{before} {family_name.upper()} {given_name}"))

    def test_says_nothing_to_who_has_not_the_key(self) -> None:
        mine = traces_of(somebody(), digest=DIGEST)
        theirs = traces_of(somebody(), digest=digest_under(b"another key"))

        assert len(mine) == 2
        assert set(mine).isdisjoint(theirs)
