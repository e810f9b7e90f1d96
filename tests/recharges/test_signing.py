"""The journal's keys: they sign by name, and a signature holds for one hash and one key."""

import pytest

from services.recharges.signing import JournalKeys, is_signed, raw
from tests.recharges.archives import key_of

HASH = bytes(range(32))
OLD, NEW = key_of("2025"), key_of("2026")


class TestJournalKeys:
    def test_sign_with_the_first_and_show_the_public_half_of_all(self) -> None:
        keys = JournalKeys(f"{NEW}, {OLD}")
        key_id, signature = keys.sign(HASH)

        assert key_id == "2026"
        assert len(signature) == 64
        assert list(keys.public_keys()) == ["2026", "2025"]
        assert is_signed(HASH, signature, keys.public_keys()["2026"])
        assert not is_signed(HASH, signature, keys.public_keys()["2025"])

    def test_keep_what_an_older_key_signed_verifiable(self) -> None:
        key_id, signature = JournalKeys(OLD).sign(HASH)

        assert is_signed(HASH, signature, JournalKeys(f"{NEW},{OLD}").public_keys()[key_id])

    def test_do_not_show_the_secret_half(self) -> None:
        keys = JournalKeys(NEW)

        assert raw(NEW.partition(":")[2]) not in keys.public_keys().values()

    @pytest.mark.parametrize(
        "keys", ["", " ", "2026", "2026:", "2026:c2hvcnQ", ":" + NEW[5:], f"{NEW},{NEW}"]
    )
    def test_that_are_none_are_refused(self, keys: str) -> None:
        with pytest.raises(ValueError, match="key"):
            JournalKeys(keys)


class TestSignature:
    @pytest.mark.parametrize("bit", range(0, 512, 7))
    def test_does_not_hold_with_one_bit_changed(self, bit: int) -> None:
        keys = JournalKeys(NEW)
        key_id, signature = keys.sign(HASH)
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8

        assert not is_signed(HASH, bytes(changed), keys.public_keys()[key_id])
        assert not is_signed(HASH[::-1], signature, keys.public_keys()[key_id])

    @pytest.mark.parametrize("public_key", [b"", b"\x00" * 31, b"\xff" * 32])
    def test_by_a_key_that_is_none_does_not_hold(self, public_key: bytes) -> None:
        _, signature = JournalKeys(NEW).sign(HASH)

        assert not is_signed(HASH, signature, public_key)
