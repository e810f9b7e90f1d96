"""Who is calling: EdDSA tokens that accounts signs and every service verifies alone.

A token is a JSON Web Token (RFC 7519) signed with Ed25519 (RFC 8037).  Only the public key leaves
accounts, so a service can check a token but never make one.
"""

import base64
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.refusal import Forbidden, Unauthenticated

ROLES = ("till_operator", "mediator", "operator_partner", "referrer", "site_manager", "admin")
ADMIN = "admin"
_ISSUER = "relais"
_CACHED_MAX = 10_000


class Employed(tuple[str, ...]):
    """`allow=Employed(("mediator", "admin"))`: these roles, and no volunteers among them."""

    __slots__ = ()


class TokenMissing(Unauthenticated):
    """Please sign in: this needs a token."""

    code = "accounts.token.missing"


class TokenInvalid(Unauthenticated):
    """Your token is not valid. Please sign in again."""

    code = "accounts.token.invalid"


class TokenExpired(Unauthenticated):
    """Your session has ended. Please sign in again."""

    code = "accounts.token.expired"


class TokenRevoked(Unauthenticated):
    """Your access has been ended. Please sign in again."""

    code = "accounts.token.revoked"


class RoleNotAllowed(Forbidden):
    """Your role ({role}) does not allow this. Who may do it: {roles}."""

    code = "accounts.role.not_allowed"


class EmployeesOnly(Forbidden):
    """Volunteers may not do this. Please ask an employee of the site."""

    code = "accounts.role.employees_only"


class OtherSite(Forbidden):
    """You do not work at the site {site_code}."""

    code = "accounts.site.not_yours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in user, as the token says."""

    user_id: UUID
    role: str
    site_codes: frozenset[str]
    operator: str | None = None
    #: Somebody who helps without being employed: they may sell, and open no file.
    volunteer: bool = False
    #: The sign-in that the token comes from; a till's device has none.
    session_id: UUID | None = None
    #: What colleagues call them, for papers of the house: `Awa D.`
    name: str | None = field(default=None, repr=False)
    #: The one site they work at, by its name, for the head of every page.
    place: str | None = None

    @property
    def sites_seen(self) -> list[str] | None:
        """The sites whose rows the caller sees; None, those of every site."""
        return None if self.role == ADMIN else sorted(self.site_codes)

    def works_at(self, site_code: str) -> bool:
        """Say whether the caller works at a site; an administrator works at all of them."""
        return self.role == ADMIN or site_code in self.site_codes

    def require_site(self, site_code: str) -> None:
        """Refuse unless the caller works at the site."""
        if not self.works_at(site_code):
            raise OtherSite(site_code=site_code)


class Signer:
    """Makes tokens; only accounts holds the private key."""

    def __init__(self, private_key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_raw(private_key))

    def sign(self, caller: Caller, *, token_id: UUID, now: datetime, lifetime: timedelta) -> str:
        """Return a token that says who the caller is until `now + lifetime`.

        It was issued at `now` to the microsecond: what ends access compares with that.
        """
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "sub": str(caller.user_id),
            "jti": str(token_id),
            "role": caller.role,
            "sites": sorted(caller.site_codes),
            "operator": caller.operator,
            "volunteer": caller.volunteer,
            "iat": now.timestamp(),
            "exp": int((now + lifetime).timestamp()),
        }
        if caller.name is not None:
            claims["name"] = caller.name
        if caller.place is not None:
            claims["place"] = caller.place
        if caller.session_id is not None:
            claims["sid"] = str(caller.session_id)
        return jwt.encode(claims, self._key, algorithm="EdDSA")


class IsEnded(Protocol):
    """Says whether the access of a user, device or session ended after a token was issued."""

    def __call__(self, subject_id: UUID | None, *, issued_at: float) -> bool: ...


class _Read(NamedTuple):
    """What a token says."""

    caller: Caller
    issued_at: float
    expires_at: int


class Verifier:
    """Checks tokens with the public key and remembers those it has checked until they expire."""

    def __init__(self, public_key: str, *, is_ended: IsEnded | None = None) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(_raw(public_key))
        self._is_ended = is_ended
        self._known: OrderedDict[str, _Read] = OrderedDict()

    def verify(self, authorization: str | None, *, now: datetime) -> Caller:
        """Read `Bearer <token>`; refuse a missing, forged, expired or revoked one."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenMissing()
        known = self._known.get(token)
        read = known if known is not None else self._decode(token)
        if now.timestamp() >= read.expires_at:
            self._known.pop(token, None)
            raise TokenExpired()
        is_ended, issued_at = self._is_ended, read.issued_at
        if is_ended is not None and (
            is_ended(read.caller.session_id, issued_at=issued_at)
            or is_ended(read.caller.user_id, issued_at=issued_at)
        ):
            raise TokenRevoked()
        if known is None:
            self._known[token] = read
            if len(self._known) > _CACHED_MAX:
                self._known.popitem(last=False)
        return read.caller

    def _decode(self, token: str) -> _Read:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["EdDSA"],
                issuer=_ISSUER,
                options={
                    "require": ["exp", "iat", "sub", "jti"],
                    "verify_exp": False,  # compared with the caller's `now`, cached or not
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
            session_id = claims.get("sid")
            caller = Caller(
                user_id=UUID(claims["sub"]),
                role=str(claims["role"]),
                site_codes=frozenset(claims["sites"]),
                operator=claims["operator"],
                # Tokens of before there were volunteers and sessions say neither.
                volunteer=claims.get("volunteer", False) is True,
                session_id=None if session_id is None else UUID(session_id),
                name=claims.get("name"),
                place=claims.get("place"),
            )
            return _Read(caller, float(claims["iat"]), int(claims["exp"]))
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise TokenInvalid() from error


def public_key_of(private_key: str) -> str:
    """Return the public half of a private key, both base64url of 32 raw bytes."""
    public = Ed25519PrivateKey.from_private_bytes(_raw(private_key)).public_key()
    return base64.urlsafe_b64encode(public.public_bytes_raw()).decode().rstrip("=")


def _raw(key: str) -> bytes:
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    if len(raw) != 32:
        raise ValueError("an Ed25519 key has 32 bytes, written in base64url")
    return raw
