"""OpenID Connect providers: discovery, the authorisation code with PKCE, and what a word is worth.

An ID token is believed when it is signed by a key that the issuer publishes, by an algorithm of
ours, for us, now (a minute of clock skew), and about the flow we began (OpenID Connect Core,
3.1.3.7).
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from jwt import PyJWK, PyJWKSet

from kernel.refusal import Unavailable
from services.accounts.domain.identity import Identity, WordRefused

CONNECT_S_MAX, ANSWER_S_MAX = 3.05, 8.0
_ANSWER_BYTES_MAX = 256 * 1024
_SKEW_S = 60
_KEPT_S = 3600.0
#: A provider whose keys changed is asked again, but not for each forged token.
_ASKED_AGAIN_S = 10.0
#: Never `none`, and no shared secret: those two are how tokens have been forged.
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None


@dataclass(slots=True, kw_only=True)
class Provider:
    """One provider; what it publishes is kept for an hour."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    #: The page of ours that the browser comes back to; registered with the provider.
    redirect_uri: str
    _metadata: _Metadata | None = None
    _metadata_at: float = 0.0
    _keys: dict[str | None, PyJWK] = field(default_factory=dict)
    _keys_at: float = 0.0
    _line: requests.Session = field(default_factory=requests.Session)

    def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where the browser goes to sign in."""
        challenge = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        endpoint = self._known().authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identify(self, code: str, *, nonce: str, verifier: str, now: datetime) -> Identity:
        """Exchange the code that the browser came back with for who it is of."""
        try:
            answer = self._exchange(code, verifier=verifier)
            claims = self._claims(str(answer["id_token"]), nonce=nonce, now=now)
            if "email" not in claims and self._known().userinfo_endpoint:
                claims |= self._userinfo(str(answer["access_token"]), subject=claims["sub"])
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise WordRefused(provider=self.name) from error
        methods = claims.get("amr")
        # Some providers say `"true"`; anything else is no word for it.
        said = claims.get("email_verified")
        verified = said is True or said == "true"
        email = claims.get("email")
        return Identity(
            issuer=self.issuer,
            subject=claims["sub"],
            verified_email=email if verified and isinstance(email, str) else None,
            methods=frozenset(str(each) for each in methods)
            if isinstance(methods, list)
            else frozenset(),
        )

    def _exchange(self, code: str, *, verifier: str) -> dict[str, Any]:
        status, answer = self._ask(
            "POST",
            self._known().token_endpoint,
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            },
            auth=(self.client_id, self.client_secret),
        )
        if status != 200:
            raise ValueError("the provider takes no such code")
        return answer

    def _claims(self, id_token: str, *, nonce: str, now: datetime) -> dict[str, Any]:
        header = jwt.get_unverified_header(id_token)
        claims: dict[str, Any] = jwt.decode(
            id_token,
            self._key(header.get("kid")),
            algorithms=_ALGORITHMS,
            audience=self.client_id,
            issuer=self.issuer,
            options={
                "require": ["exp", "iat", "iss", "sub", "aud"],
                # Compared below with the caller's `now`.
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        instant = now.timestamp()
        if not instant - _SKEW_S < float(claims["exp"]):
            raise ValueError("expired")
        if max(float(claims["iat"]), float(claims.get("nbf", 0))) > instant + _SKEW_S:
            raise ValueError("issued in the future")
        audience = claims["aud"]
        shared = isinstance(audience, list) and len(audience) > 1
        if (shared or "azp" in claims) and claims.get("azp") != self.client_id:
            raise ValueError("issued to somebody else")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise ValueError("of another flow")
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ValueError("of nobody")
        return claims

    def _userinfo(self, access_token: str, *, subject: str) -> dict[str, Any]:
        status, said = self._ask(
            "GET",
            str(self._known().userinfo_endpoint),
            headers={"Authorization": f"Bearer {access_token}"},
        )
        if status != 200 or said.get("sub") != subject:
            raise ValueError("of somebody else")
        return {name: said[name] for name in ("email", "email_verified") if name in said}

    # -- what it publishes ---------------------------------------------------------------------

    def _known(self) -> _Metadata:
        if self._metadata is None or time.monotonic() - self._metadata_at > _KEPT_S:
            base = self.issuer.rstrip("/")
            _, said = self._ask("GET", f"{base}/.well-known/openid-configuration")
            if said.get("issuer") != self.issuer:
                raise Unavailable()
            userinfo = said.get("userinfo_endpoint")
            try:
                self._metadata = _Metadata(
                    authorization_endpoint=_safe(said["authorization_endpoint"]),
                    token_endpoint=_safe(said["token_endpoint"]),
                    jwks_uri=_safe(said["jwks_uri"]),
                    userinfo_endpoint=None if userinfo is None else _safe(userinfo),
                )
            except (KeyError, TypeError, ValueError) as error:
                raise Unavailable() from error
            self._metadata_at = time.monotonic()
        return self._metadata

    def _key(self, key_id: str | None) -> PyJWK:
        age_s = time.monotonic() - self._keys_at
        kept_s = _KEPT_S if key_id in self._keys else _ASKED_AGAIN_S
        if not self._keys or age_s > kept_s:
            _, said = self._ask("GET", self._known().jwks_uri)
            found = PyJWKSet.from_dict(said).keys
            self._keys = {key.key_id: key for key in found if key.public_key_use in (None, "sig")}
            self._keys_at = time.monotonic()
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))  # a token may leave out which, if there is one
        return self._keys[key_id]

    def _ask(self, method: str, url: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Ask for a JSON object, within limits and without following anybody elsewhere."""
        try:
            with self._line.request(
                method,
                _safe(url),
                timeout=(CONNECT_S_MAX, ANSWER_S_MAX),
                allow_redirects=False,
                stream=True,
                **more,
            ) as answer:
                raw = answer.raw.read(_ANSWER_BYTES_MAX + 1, decode_content=True)
                status = answer.status_code
            said = json.loads(raw) if len(raw) <= _ANSWER_BYTES_MAX else None
        except (requests.RequestException, OSError, ValueError) as error:
            raise Unavailable() from error
        if status >= 500 or not isinstance(said, dict):
            raise Unavailable()
        return status, said


def _safe(url: str) -> str:
    """Return an address that nobody on the way can read or change."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("a provider is spoken to over https")
    return url
