"""What a browser carries: tokens in cookies that no script reads and no other site uses.

A program sends its token in the `Authorization` header; a browser sends the same token in a cookie
(RFC 6265), which it would also send with what another site makes it ask for.  So a request that
changes something on the strength of a cookie has to come from a page of ours: `Sec-Fetch-Site`
says so (Fetch Metadata Request Headers, W3C), or `Origin` (RFC 6454) where a browser is older.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from kernel.refusal import Forbidden, Unauthenticated

#: Who sits at the screen.
SESSION = "relais_session"
#: Which till the screen is: an enrolled device, whoever sits at it.
TILL = "relais_till"
#: `Relais-Identity: till` asks a door to look at the device's cookie instead of the person's.
IDENTITY = "Relais-Identity"
#: Whom the page was written for: in another tab somebody else may have signed in since.
SHOWN_TO = "Relais-Shown-To"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """This request comes from another site than ours. Please use the page itself."""

    code = "relais.request.cross_site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie to be set until an instant; without a value it is taken away."""

    name: str
    value: str
    expires_at: datetime

    @classmethod
    def ended(cls, name: str) -> "Cookie":
        """Take a cookie away."""
        return cls(name=name, value="", expires_at=datetime(1970, 1, 1, tzinfo=UTC))

    def put(self, response: Response, *, secure: bool) -> None:
        """Set it; a link in a mail brings it along (Lax), a form of another site does not."""
        response.set_cookie(
            self.name,
            self.value,
            expires=self.expires_at,
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )


class ScreenChanged(Unauthenticated):
    """Somebody else has signed in on this screen meanwhile. Please sign in again to go on."""

    code = "accounts.session.screen_changed"


def require_no_other_site(request: Request) -> None:
    """Refuse to change anything for a page of another site, whoever is signed in, or nobody.

    Else a page elsewhere could sign a browser in as somebody else, who reads what is typed next.
    Programs send neither of the two headers.
    """
    if request.method in _SAFE:
        return
    fetched_from, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetched_from is not None:
        is_other = fetched_from not in ("same-origin", "none")
    else:
        is_other = origin is not None and not _is_ours(request)
    if is_other:
        raise CrossSite()


def require_same_person(request: Request, user_id: str) -> None:
    """Refuse what a page of one person asks on the strength of another's cookie."""
    shown_to = request.headers.get(SHOWN_TO)
    if shown_to is not None and shown_to != user_id and "Authorization" not in request.headers:
        raise ScreenChanged()


def authorization_of(request: Request) -> str | None:
    """Return `Bearer <token>` as the header says it, or else the browser's cookie."""
    said: str | None = request.headers.get("Authorization")
    if said is not None:
        return said
    name = TILL if request.headers.get(IDENTITY) == "till" else SESSION
    token = request.cookies.get(name)
    if not token:
        return None
    if request.method not in _SAFE and not _is_ours(request):
        raise CrossSite()
    return f"Bearer {token}"


def _is_ours(request: Request) -> bool:
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        return fetched_from == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("Host")
