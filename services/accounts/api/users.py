"""The shapes of those who sign in."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from chassis.http import Answer, Page
from services.accounts.api import Email, Line, OperatorCode, Password, RoleName, SiteCode, Strict
from services.accounts.domain.user import Role


class NewUser(Strict):
    """Somebody who will sign in."""

    email: Email
    display_name: Line
    role: RoleName
    site_codes: Annotated[tuple[SiteCode, ...], Field(max_length=200)] = ()
    operator: OperatorCode | None = None
    #: Helps without being employed: may sell, and opens no file.
    volunteer: bool = False
    password: Password


class ChangeUser(Strict):
    """What is to be otherwise; what is not said stays as it is."""

    display_name: Line | None = None
    role: RoleName | None = None
    site_codes: Annotated[tuple[SiteCode, ...] | None, Field(max_length=200)] = None
    #: Nobody but a partner has one: `null` takes it away.
    operator: OperatorCode | None = None
    volunteer: bool | None = None

    @model_validator(mode="after")
    def _name_what_cannot_be_taken_away(self) -> "ChangeUser":
        for name in self.model_fields_set - {"operator"}:
            if getattr(self, name) is None:
                raise ValueError("This field cannot be taken away.")
        return self

    def changes(self) -> dict[str, Any]:
        """Say what is to be otherwise, as the domain knows it."""
        said: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "role" in said:
            said["role"] = Role(said["role"])
        if "site_codes" in said:
            said["site_codes"] = frozenset(said["site_codes"])
        return said


class User(Answer):
    """Somebody who signs in."""

    user_id: UUID
    email: str
    display_name: str
    role: RoleName
    site_codes: list[str]
    operator: str | None
    volunteer: bool
    disabled: bool


class UserPage(Page[Annotated[str, Field(max_length=254)]]):
    """The query of the list of users, by e-mail address."""

    q: Annotated[str, Field(max_length=100, description="In their name or address.")] = ""
