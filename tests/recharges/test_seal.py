"""PINs at rest: sealed, bound to their voucher, found again by a blind index."""

import base64
import hashlib
from itertools import count

import pytest
from cryptography.exceptions import InvalidTag

from services.recharges.seal import KeyUnknown, PinSeal, Sealed

PIN, SERIAL = "31000000000001", "7000000001"


_numbers = count(1)


def a_key() -> str:
    """A key like no other; the same ones in each session, for they name tests."""
    raw = hashlib.sha256(f"a key of the tests {next(_numbers)}".encode()).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


OLD, NEW, INDEX = f"2025:{a_key()}", f"2026:{a_key()}", f"index:{a_key()}"


class TestSeal:
    def test_opens_what_it_sealed_and_never_writes_the_same_twice(self) -> None:
        pins = PinSeal(NEW)
        one, two = (pins.seal(PIN, operator="sfr", serial=SERIAL) for _ in range(2))

        assert pins.open(one, operator="sfr", serial=SERIAL) == PIN
        assert one.key_id == "2026"
        assert one.box != two.box
        assert PIN.encode() not in one.box

    @pytest.mark.parametrize(("operator", "serial"), [("orange", SERIAL), ("sfr", "7000000002")])
    def test_does_not_open_as_the_pin_of_another_voucher(self, operator: str, serial: str) -> None:
        pins = PinSeal(NEW)
        sealed = pins.seal(PIN, operator="sfr", serial=SERIAL)

        with pytest.raises(InvalidTag):
            pins.open(sealed, operator=operator, serial=serial)

    def test_does_not_open_when_a_single_bit_was_changed(self) -> None:
        pins = PinSeal(NEW)
        box = bytearray(pins.seal(PIN, operator="sfr", serial=SERIAL).box)
        box[-1] ^= 1

        with pytest.raises(InvalidTag):
            pins.open(Sealed("2026", bytes(box)), operator="sfr", serial=SERIAL)

    def test_opens_with_an_older_key_and_seals_with_the_first(self) -> None:
        sealed = PinSeal(OLD).seal(PIN, operator="sfr", serial=SERIAL)
        both = PinSeal(f"{NEW}, {OLD}")

        assert both.open(sealed, operator="sfr", serial=SERIAL) == PIN
        assert both.seal(PIN, operator="sfr", serial=SERIAL).key_id == "2026"

    def test_says_which_key_it_does_not_hold(self) -> None:
        sealed = PinSeal(OLD).seal(PIN, operator="sfr", serial=SERIAL)

        with pytest.raises(KeyUnknown, match="2025"):
            PinSeal(NEW).open(sealed, operator="sfr", serial=SERIAL)


class TestIndex:
    def test_is_the_same_for_the_same_pin_of_an_operator_only(self) -> None:
        pins = PinSeal(NEW)

        assert pins.index(PIN, operator="sfr") == pins.index(PIN, operator="sfr")
        assert pins.index(PIN, operator="sfr") != pins.index(PIN, operator="orange")
        assert pins.index(PIN, operator="sfr") != pins.index(PIN + "0", operator="sfr")

    @pytest.mark.parametrize(
        ("before", "after"), [(OLD, f"{NEW},{OLD}"), (f"{OLD},{INDEX}", f"{NEW},{INDEX}")]
    )
    def test_outlives_a_change_of_the_current_key(self, before: str, after: str) -> None:
        before_index = PinSeal(before).index(PIN, operator="sfr")

        assert PinSeal(after).index(PIN, operator="sfr") == before_index


class TestKeys:
    @pytest.mark.parametrize("keys", ["", " ", INDEX, "2026:", "2026:c2hvcnQ", "2026"])
    def test_that_are_none_are_refused(self, keys: str) -> None:
        with pytest.raises(ValueError, match="key"):
            PinSeal(keys)
