"""What a provider's word is worth: who it says signed in, and every word that is not believed."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm

from kernel.refusal import Unavailable
from services.accounts import gateway
from services.accounts.domain.identity import Identity, WordRefused
from services.accounts.gateway import Provider
from tests.accounts.liar import EMAIL, SUBJECT, Liar, lying

STATE, NONCE, VERIFIER = "a-state", "a-nonce", "v" * 43
HOUR_S = 3600


@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as made:
        yield made


def provider_of(liar: Liar, **told: Any) -> Provider:
    return Provider(
        name="ailleurs",
        **{
            "issuer": liar.issuer,
            "client_id": "relais",
            "client_secret": "secret",
            "redirect_uri": "https://relais.example/oidc",
            **told,
        },
    )


def sign_in(liar: Liar, provider: Provider | None = None, *, verifier: str = VERIFIER) -> Identity:
    """Go there, come back, and ask who it was."""
    provider = provider or provider_of(liar)
    url = provider.authorization_url(state=STATE, nonce=NONCE, verifier=VERIFIER)
    code = liar.authorize(url)
    return provider.identify(code, nonce=NONCE, verifier=verifier, now=datetime.now(UTC))


class TestWord:
    def test_says_who_signed_in(self, liar: Liar) -> None:
        liar.claims["amr"] = ["pwd", "otp"]

        identity = sign_in(liar)

        assert identity == Identity(
            issuer=liar.issuer,
            subject=SUBJECT,
            verified_email=EMAIL,
            methods=frozenset({"pwd", "otp"}),
        )
        assert identity.gave_two_factors
        assert liar.asked["response_type"] == "code"
        assert liar.asked["code_challenge_method"] == "S256"
        assert liar.asked["scope"].split() == ["openid", "email"]
        assert VERIFIER not in str(liar.asked)

    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"nonce": ...},
            {"aud": "somebody-else"},
            {"aud": ["relais", "somebody-else"]},
            {"azp": "somebody-else"},
            {"iss": "https://elsewhere.example"},
            {"exp": int(time.time()) - HOUR_S},
            {"exp": ...},
            {"iat": int(time.time()) + HOUR_S},
            {"nbf": int(time.time()) + HOUR_S},
            {"sub": ...},
            {"sub": ""},
        ],
        ids=" ".join,
    )
    def test_is_not_believed_with_other_claims(self, liar: Liar, claims: dict[str, Any]) -> None:
        liar.claims = claims

        with pytest.raises(WordRefused):
            sign_in(liar)

    def test_is_not_believed_from_another_key(self, liar: Liar) -> None:
        liar.signing_key = generate_private_key(65537, 2048)

        with pytest.raises(WordRefused):
            sign_in(liar)

    @pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
    @pytest.mark.parametrize("algorithm", ["none", "HS256"])
    def test_is_not_believed_unsigned_or_signed_with_what_everybody_knows(
        self, liar: Liar, algorithm: str
    ) -> None:
        liar.algorithm = algorithm
        modulus = liar.key.public_key().public_numbers().n.to_bytes(256)
        liar.signing_key = "" if algorithm == "none" else modulus

        with pytest.raises(WordRefused):
            sign_in(liar)

    def test_may_leave_out_which_key_signed_it_if_there_is_one(self, liar: Liar) -> None:
        liar.names_its_key = False
        assert sign_in(liar).subject == SUBJECT
        other = RSAAlgorithm.to_jwk(generate_private_key(65537, 2048).public_key(), as_dict=True)
        liar.other_keys = [other | {"kid": "k0", "use": "sig"}]

        with pytest.raises(WordRefused):
            sign_in(liar)

    def test_is_given_to_whoever_began_the_flow_alone(self, liar: Liar) -> None:
        with pytest.raises(WordRefused):
            sign_in(liar, verifier="w" * 43)

    @pytest.mark.parametrize("off_s", [-30, 30])
    def test_is_believed_when_the_clocks_differ_a_little(self, liar: Liar, off_s: int) -> None:
        now = int(time.time())
        liar.claims = {"iat": now + off_s, "exp": now - 30}

        assert sign_in(liar).subject == SUBJECT

    @pytest.mark.parametrize("verified", [False, None, "yes", 1, ...])
    def test_names_no_address_that_nobody_verified(self, liar: Liar, verified: Any) -> None:
        liar.claims["email_verified"] = verified

        assert sign_in(liar).verified_email is None

    def test_may_say_the_address_at_another_place(self, liar: Liar) -> None:
        liar.claims = {"email": ..., "email_verified": ...}
        liar.userinfo = {"sub": SUBJECT, "email": EMAIL, "email_verified": True}

        assert sign_in(liar).verified_email == EMAIL
        liar.userinfo["sub"] = "somebody else"
        with pytest.raises(WordRefused):
            sign_in(liar)


class TestProvider:
    def test_is_asked_for_its_keys_again_when_they_have_changed(
        self, liar: Liar, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider = provider_of(liar)
        for _ in range(2):
            sign_in(liar, provider)
        assert liar.key_count == 1
        liar.key, liar.key_id = generate_private_key(65537, 2048), "k2"

        with pytest.raises(WordRefused):
            sign_in(liar, provider)  # a moment ago: forged tokens do not make us ask
        assert liar.key_count == 1
        monkeypatch.setattr(gateway, "_ASKED_AGAIN_S", 0.0)
        assert sign_in(liar, provider).subject == SUBJECT
        assert liar.key_count == 2

    @pytest.mark.parametrize(
        "metadata",
        [
            {"issuer": "https://elsewhere.example"},
            {"token_endpoint": "http://elsewhere.example/token"},
            {"jwks_uri": "file:///etc/passwd"},
            {"authorization_endpoint": None},
        ],
        ids=lambda metadata: next(iter(metadata)),
    )
    def test_that_publishes_what_cannot_be_is_not_spoken_to(
        self, liar: Liar, metadata: dict[str, Any]
    ) -> None:
        liar.metadata = metadata

        with pytest.raises(Unavailable):
            sign_in(liar)

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            ((400, b'{"error": "invalid_grant"}'), WordRefused),
            ((200, b"{}"), WordRefused),
            ((200, b'{"id_token": 7}'), WordRefused),
            ((200, b'{"id_token": "a.b.c"}'), WordRefused),
            ((302, b"{}"), Unavailable),
            ((200, b"[]"), Unavailable),
            ((200, b"<html>"), Unavailable),
            ((200, b'{"id_token": "' + b"a" * 300_000 + b'"}'), Unavailable),
            ((503, b"{}"), Unavailable),
        ],
        ids=range(9),
    )
    def test_that_answers_nonsense_lets_nobody_in(
        self, liar: Liar, answer: tuple[int, bytes], error: type[Exception]
    ) -> None:
        liar.token_answer = answer

        with pytest.raises(error):
            sign_in(liar)

    def test_that_is_away_can_be_asked_again_later(self, liar: Liar) -> None:
        with pytest.raises(Unavailable):
            sign_in(liar, provider_of(liar, issuer="http://127.0.0.1:9"))

    def test_is_not_spoken_to_where_others_listen(self, liar: Liar) -> None:
        with pytest.raises(Unavailable):
            sign_in(liar, provider_of(liar, issuer="http://ailleurs.example"))
