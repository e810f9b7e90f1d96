"""Tokens: what a service believes, and what it does not."""

import base64
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import auth
from chassis.auth import (
    Caller,
    OtherSite,
    Signer,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TokenRevoked,
    Verifier,
    public_key_of,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRIVATE = base64.urlsafe_b64encode(bytes(range(32))).decode()
CALLER = Caller(
    user_id=UUID(int=1),
    role="till_operator",
    site_codes=frozenset({"antony", "lyon"}),
    name="Awa D.",
)


def a_token(key: str = PRIVATE, *, lifetime: timedelta = HOUR) -> str:
    return Signer(key).sign(CALLER, token_id=uuid4(), now=NOW, lifetime=lifetime)


def forged(key: Any = None, algorithm: str = "EdDSA", **changes: Any) -> str:
    """A token whose claims are not as accounts would write them."""
    claims = {
        "iss": "relais",
        "sub": str(CALLER.user_id),
        "jti": str(uuid4()),
        "role": "admin",
        "sites": [],
        "operator": None,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + HOUR).timestamp()),
    } | changes
    kept = {name: value for name, value in claims.items() if value is not ...}
    own = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return jwt.encode(kept, own if key is None else key, algorithm=algorithm)


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(public_key_of(PRIVATE))


class TestVerifier:
    def test_reads_who_is_calling(self, verifier: Verifier) -> None:
        partner = Caller(
            user_id=uuid4(), role="operator_partner", site_codes=frozenset(), operator="sfr"
        )
        signed = Signer(PRIVATE).sign(partner, token_id=uuid4(), now=NOW, lifetime=HOUR)

        assert verifier.verify(f"Bearer {a_token()}", now=NOW) == CALLER
        assert verifier.verify(f"bearer {signed}", now=NOW) == partner

    @pytest.mark.parametrize("cached", [False, True])
    def test_believes_a_token_until_the_second_it_expires(
        self, verifier: Verifier, cached: bool
    ) -> None:
        token = a_token()
        if cached:
            verifier.verify(f"Bearer {token}", now=NOW)

        assert verifier.verify(f"Bearer {token}", now=NOW + HOUR - timedelta(seconds=1)) == CALLER
        for _ in range(2):
            with pytest.raises(TokenExpired):
                verifier.verify(f"Bearer {token}", now=NOW + HOUR)

    def test_reads_what_a_session_is_and_who_is_a_volunteer(self, verifier: Verifier) -> None:
        helper = replace(CALLER, volunteer=True, session_id=uuid4())
        signed = Signer(PRIVATE).sign(helper, token_id=uuid4(), now=NOW, lifetime=HOUR)

        assert verifier.verify(f"Bearer {signed}", now=NOW) == helper
        assert verifier.verify(f"Bearer {forged()}", now=NOW).session_id is None

    @pytest.mark.parametrize("cached", [False, True])
    @pytest.mark.parametrize("of", ["user_id", "session_id"])
    def test_refuses_a_token_whose_user_or_session_ended_after_it_was_issued(
        self, of: str, cached: bool
    ) -> None:
        caller = replace(CALLER, session_id=uuid4())
        ended: dict[UUID | None, float] = {}
        verifier = Verifier(
            public_key_of(PRIVATE),
            is_ended=lambda subject, *, issued_at: issued_at < ended.get(subject, 0.0),
        )
        issued = NOW + timedelta(microseconds=500)
        token = Signer(PRIVATE).sign(caller, token_id=uuid4(), now=issued, lifetime=HOUR)
        if cached:
            verifier.verify(f"Bearer {token}", now=NOW)

        ended[getattr(caller, of)] = issued.timestamp()
        assert verifier.verify(f"Bearer {token}", now=NOW) == caller
        ended[getattr(caller, of)] = (issued + timedelta(microseconds=1)).timestamp()
        with pytest.raises(TokenRevoked):
            verifier.verify(f"Bearer {token}", now=NOW)

    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "token"])
    def test_asks_for_a_token(self, verifier: Verifier, header: str | None) -> None:
        with pytest.raises(TokenMissing):
            verifier.verify(header, now=NOW)

    @pytest.mark.parametrize(
        "token",
        [
            "a.b.c",
            "é",
            a_token(base64.urlsafe_b64encode(os.urandom(32)).decode()),
            a_token()[:-4] + "AAAA",
            ".".join([*a_token().split(".")[:2], ""]),
            forged(iss="somebody"),
            forged(exp=...),
            forged(sub=...),
            forged(jti=...),
            forged(role=...),
            forged(sites=...),
            forged(sites=None),
            forged(operator=...),
            forged(sub="nobody"),
            forged(exp="soon"),
            forged(iat="soon"),
            forged(sid="nobody"),
            forged(sid=7),
        ],
    )
    def test_does_not_believe_a_forged_token(self, verifier: Verifier, token: str) -> None:
        with pytest.raises(TokenInvalid):
            verifier.verify(f"Bearer {token}", now=NOW)

    def test_does_not_believe_a_token_signed_by_nobody(self, verifier: Verifier) -> None:
        with pytest.raises(TokenInvalid):
            verifier.verify(f"Bearer {forged('', 'none')}", now=NOW)

    @pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
    def test_does_not_take_its_public_key_for_a_shared_secret(self, verifier: Verifier) -> None:
        with pytest.raises(TokenInvalid):
            verifier.verify(f"Bearer {forged(public_key_of(PRIVATE), 'HS256')}", now=NOW)

    def test_remembers_a_bounded_number_of_tokens(
        self, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auth, "_CACHED_MAX", 3)
        for _ in range(5):
            verifier.verify(f"Bearer {a_token()}", now=NOW)

        assert len(verifier._known) == 3


class TestCaller:
    def test_works_at_own_sites_only(self) -> None:
        CALLER.require_site("antony")

        with pytest.raises(OtherSite) as refusal:
            CALLER.require_site("paris-19")
        assert refusal.value.values == {"site_code": "paris-19"}

    def test_as_administrator_works_everywhere(self) -> None:
        Caller(user_id=uuid4(), role="admin", site_codes=frozenset()).require_site("paris-19")


class TestKeys:
    @pytest.mark.parametrize("key", ["", "c2hvcnQ", base64.urlsafe_b64encode(bytes(33)).decode()])
    def test_of_another_length_are_refused(self, key: str) -> None:
        for make in (Signer, Verifier, public_key_of):
            with pytest.raises(ValueError, match="32 bytes"):
                make(key)

    def test_may_come_with_or_without_padding(self) -> None:
        assert public_key_of(PRIVATE) == public_key_of(PRIVATE.rstrip("="))
