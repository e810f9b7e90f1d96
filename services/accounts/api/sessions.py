"""The shapes of signing in, and of the sessions that this begins."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.http import Answer, Page
from services.accounts.api import Code, Password, RoleName, Strict


class SignIn(Strict):
    """An e-mail address and its password; the second factor's code, where one is asked for."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]
    password: Password
    code: Code | None = None


class SessionUser(Answer):
    """Who signed in, and where they work."""

    id: UUID
    role: RoleName
    site_codes: list[str]
    operator: str | None
    volunteer: bool


class Session(Answer):
    """A token for the `Authorization: Bearer` header of every service, until it expires.

    `to_enrol`: the token opens nothing but the enrolment of a second factor, which the role needs.
    """

    session_id: UUID
    token: str
    expires_at: datetime
    second_factor: Literal["none", "given", "to_enrol"]
    user: SessionUser


class BrowserSession(Answer):
    """A session whose token a browser keeps in a cookie, and the page where its work begins."""

    session_id: UUID
    expires_at: datetime
    second_factor: Literal["none", "given", "to_enrol"]
    user: SessionUser
    home: str


class SessionShown(Answer):
    """A sign-in on one device, and what became of it."""

    session_id: UUID
    user_id: UUID
    device: str
    network: str
    way: Literal["password", "second_factor", "oidc"]
    began_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_why: str | None
    current: bool


class SessionPage(Page[UUID]):
    """The query of the list of sessions, the newest first."""

    user_id: Annotated[UUID | None, Field(description="Whose; the caller's own if left out.")] = (
        None
    )
    ended: Annotated[bool, Field(description="Also those that have ended or expired.")] = False


class RevokeAll(Strict):
    """Whose sessions are to end; the caller's own, this one among them, if nobody is named."""

    user_id: Annotated[UUID | None, Field(strict=False)] = None


class Revoked(Answer):
    """Whose access has ended, and from which instant on tokens are believed again."""

    user_id: UUID
    access_from: datetime
