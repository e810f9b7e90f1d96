"""What the person takes along: the code to say and the signed text to scan."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referrals.domain import referral_code
from services.referrals.seal import Seal, Slip, SlipExpired, SlipForged, read
from tests.fix_service import OTHER_KEY, SIGNING_KEY

TODAY = date(2026, 11, 20)
SEAL = Seal(SIGNING_KEY)
SLIP = Slip(
    referral_id=UUID(int=2**100 + 7), code=referral_code.code_of(7), expires_on=date(2027, 2, 20)
)
TEXT = SEAL.sign(SLIP)
NUMBERS = st.integers(0, referral_code.CODE_COUNT - 1)
SIGNS = st.sampled_from(referral_code.ALPHABET)


class TestCode:
    @given(NUMBERS)
    def test_is_known_however_it_is_typed(self, number: int) -> None:
        code = referral_code.code_of(number)

        assert referral_code.normalise(code) == code
        assert referral_code.normalise(f" {code.lower().replace('-', ' ')} ") == code

    @given(NUMBERS, NUMBERS)
    def test_differs_for_each_number(self, one: int, other: int) -> None:
        assert (referral_code.code_of(one) == referral_code.code_of(other)) == (one == other)

    @given(NUMBERS, st.integers(0, 7), SIGNS)
    def test_one_wrong_sign_is_noticed(self, number: int, place: int, sign: str) -> None:
        code = referral_code.code_of(number).replace("-", "")
        wrong = code[:place] + sign + code[place + 1 :]

        assert (referral_code.normalise(wrong) is None) == (wrong != code)

    @given(NUMBERS, st.integers(0, 7), st.integers(0, 7))
    def test_two_swapped_signs_are_noticed(self, number: int, one: int, other: int) -> None:
        signs = list(referral_code.code_of(number).replace("-", ""))
        signs[one], signs[other] = signs[other], signs[one]
        swapped = "".join(signs)

        same = swapped == referral_code.code_of(number).replace("-", "")
        assert (referral_code.normalise(swapped) is None) == (not same)

    @pytest.mark.parametrize("text", ["", "ABCD", "ABCD-EFG0", "ABCD-EFGHJ", "éÀ"])
    def test_refuses_what_is_none(self, text: str) -> None:
        assert referral_code.normalise(text) is None

    @pytest.mark.parametrize("number", [-1, referral_code.CODE_COUNT])
    def test_has_no_other_numbers(self, number: int) -> None:
        with pytest.raises(ValueError):
            referral_code.code_of(number)


class TestSlip:
    @given(st.uuids(), NUMBERS, st.dates(date(2026, 11, 21), date(2100, 1, 1)))
    def test_is_read_with_the_public_key_alone(
        self, referral_id: UUID, number: int, expires_on: date
    ) -> None:
        code = referral_code.code_of(number)
        slip = Slip(referral_id=referral_id, code=code, expires_on=expires_on)

        assert read(SEAL.sign(slip), public_key=SEAL.public_key, on=TODAY) == slip

    def test_fits_on_a_small_square(self) -> None:
        assert len(TEXT) < 140
        assert TEXT.isascii()

    def test_is_good_until_the_day_before_it_expires(self) -> None:
        last_day = SLIP.expires_on - timedelta(days=1)

        assert read(TEXT, public_key=SEAL.public_key, on=last_day) == SLIP
        with pytest.raises(SlipExpired):
            read(TEXT, public_key=SEAL.public_key, on=SLIP.expires_on)

    @given(st.integers(0, len(TEXT) - 1), st.characters(max_codepoint=0x7E, min_codepoint=0x21))
    def test_one_changed_sign_is_forged(self, place: int, sign: str) -> None:
        changed = TEXT[:place] + sign + TEXT[place + 1 :]

        if changed != TEXT:
            with pytest.raises(SlipForged):
                read(changed, public_key=SEAL.public_key, on=TODAY)

    @given(st.text(max_size=200))
    def test_anything_else_is_forged(self, text: str) -> None:
        with pytest.raises(SlipForged):
            read(text, public_key=SEAL.public_key, on=TODAY)

    @pytest.mark.parametrize("text", [TEXT[:-1], TEXT[:20], TEXT + "A", "RELAIS1." + TEXT])
    def test_cut_or_lengthened_one_is_forged(self, text: str) -> None:
        with pytest.raises(SlipForged):
            read(text, public_key=SEAL.public_key, on=TODAY)

    def test_one_signed_with_another_key_is_forged(self) -> None:
        with pytest.raises(SlipForged):
            read(Seal(OTHER_KEY).sign(SLIP), public_key=SEAL.public_key, on=TODAY)
