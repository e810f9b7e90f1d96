"""The shapes of those who sign in."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from services.accounts.api import Email, Line, OperatorCode, Password, RoleName, SiteCode, Strict


class NewUser(Strict):
    """Somebody who will sign in."""

    email: Email
    display_name: Line
    role: RoleName
    site_codes: Annotated[tuple[SiteCode, ...], Field(max_length=200)] = ()
    operator: OperatorCode | None = None
    password: Password


class User(Answer):
    """Somebody who signs in."""

    user_id: UUID
    email: str
    display_name: str
    role: RoleName
    site_codes: list[str]
    operator: str | None
    disabled: bool


class UserPage(Page[Annotated[str, Field(max_length=254)]]):
    """The query of the list of users, by e-mail address."""
