"""The shapes of signing in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from chassis.http import Answer
from services.accounts.api import Password, RoleName, Strict


class SignIn(Strict):
    """An e-mail address and its password."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]
    password: Password


class SessionUser(Answer):
    """Who signed in, and where they work."""

    id: UUID
    role: RoleName
    site_codes: list[str]
    operator: str | None


class Session(Answer):
    """A token for the `Authorization: Bearer` header of every service, until it expires."""

    token: str
    expires_at: datetime
    user: SessionUser
