"""A box opens for its reader and its purpose alone; a safe for its owner."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chassis import sealed
from chassis.sealed import NotOpened, Safe

KEYS = st.binary(min_size=32, max_size=32)
CONTENTS = st.binary(max_size=2_000)
PURPOSES = st.text(max_size=80)


class TestBox:
    @given(key=KEYS, content=CONTENTS, purpose=PURPOSES)
    def test_opens_with_what_was_put_in(self, key: bytes, content: bytes, purpose: str) -> None:
        box = sealed.close_box(content, public_key=sealed.public_key_of(key), purpose=purpose)

        assert sealed.open_box(box, private_key=key, purpose=purpose) == content

    @given(key=KEYS, other=KEYS, content=CONTENTS)
    def test_opens_for_nobody_else(self, key: bytes, other: bytes, content: bytes) -> None:
        assume(sealed.public_key_of(key) != sealed.public_key_of(other))
        box = sealed.close_box(content, public_key=sealed.public_key_of(key), purpose="a")

        with pytest.raises(NotOpened):
            sealed.open_box(box, private_key=other, purpose="a")

    @given(key=KEYS, content=CONTENTS, purpose=PURPOSES, other=PURPOSES)
    def test_opens_for_no_other_purpose(
        self, key: bytes, content: bytes, purpose: str, other: str
    ) -> None:
        assume(purpose != other)
        box = sealed.close_box(content, public_key=sealed.public_key_of(key), purpose=purpose)

        with pytest.raises(NotOpened):
            sealed.open_box(box, private_key=key, purpose=other)

    @given(key=KEYS, content=CONTENTS, data=st.data())
    def test_does_not_open_once_a_bit_is_changed_or_an_end_cut(
        self, key: bytes, content: bytes, data: st.DataObject
    ) -> None:
        box = sealed.close_box(content, public_key=sealed.public_key_of(key), purpose="a")
        place = data.draw(st.integers(0, len(box) * 8 - 1))
        # The highest bit of an X25519 key is ignored by its definition (RFC 7748), and by us not.
        changed = bytearray(box)
        changed[place // 8] ^= 1 << place % 8

        for wrong in (bytes(changed), box[:-1], box[1:], b""):
            with pytest.raises(NotOpened):
                sealed.open_box(wrong, private_key=key, purpose="a")

    @given(key=KEYS, content=st.binary(min_size=9, max_size=2_000))
    def test_never_looks_the_same_and_never_shows_its_content(
        self, key: bytes, content: bytes
    ) -> None:
        public_key = sealed.public_key_of(key)
        one = sealed.close_box(content, public_key=public_key, purpose="a")
        two = sealed.close_box(content, public_key=public_key, purpose="a")

        assert one != two
        assert content not in one
        assert len(one) == len(content) + sealed.KEY_BYTES + 16

    @pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)], ids=["zero", "one"])
    def test_is_refused_to_keys_that_make_every_secret_the_same(self, point: bytes) -> None:
        with pytest.raises(ValueError):
            sealed.close_box(b"words", public_key=point, purpose="a")


class TestSafe:
    @given(secret=KEYS, content=CONTENTS, purpose=PURPOSES)
    def test_gives_back_what_was_put_in(self, secret: bytes, content: bytes, purpose: str) -> None:
        stored = Safe(secret, name="a").put(content, purpose=purpose)

        assert Safe(secret, name="a").take(stored, purpose=purpose) == content
        assert len(content) < 8 or content not in stored

    @given(secret=KEYS, content=CONTENTS)
    def test_opens_under_no_other_secret_name_or_purpose(
        self, secret: bytes, content: bytes
    ) -> None:
        stored = Safe(secret, name="a").put(content, purpose="p")

        for safe, purpose, what in (
            (Safe(secret, name="a"), "q", stored),
            (Safe(secret, name="b"), "p", stored),
            (Safe(bytes(reversed(secret)) + b"x", name="a"), "p", stored),
            (Safe(secret, name="a"), "p", stored[:20]),
            (Safe(secret, name="a"), "p", stored[:-1] + bytes([stored[-1] ^ 1])),
        ):
            with pytest.raises(NotOpened):
                safe.take(what, purpose=purpose)
