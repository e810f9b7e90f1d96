"""The shapes of this service's HTTP bodies and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr, StringConstraints

from chassis.http import Answer, Body, Page

RoleName = Literal[
    "till_operator", "mediator", "operator_partner", "referrer", "site_manager", "admin"
]
SiteCode = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
OperatorCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]
Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
#: Kept out of every log, error and stored request: it is written as asterisks.
Password = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class _Strict(Body):
    # A password keeps the spaces it was typed with; the other texts say that they are trimmed.
    model_config = ConfigDict(strict=True, str_strip_whitespace=False)


class SignIn(_Strict):
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


class OpenSite(_Strict):
    """A reception point that opens."""

    site_code: SiteCode
    name: Line
    address: Line


class Site(Answer):
    """A reception point."""

    site_code: str
    name: str
    address: str
    open: bool


class NewUser(_Strict):
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


class Nothing(_Strict):
    """An empty body: the route says it all."""


class NewEnrolment(_Strict):
    """The till for which a device is awaited."""

    site_code: SiteCode
    till_name: Line


class Enrolment(Answer):
    """A code that enrols one device, once, until it expires."""

    enrolment_code: str
    expires_at: datetime


class EnrolDevice(_Strict):
    """What the device was told by its manager."""

    enrolment_code: Annotated[str, Field(max_length=40)]


class EnrolledDevice(Answer):
    """What the device is, and the token it proves it with."""

    device_id: UUID
    till_id: UUID
    device_token: str


class Device(Answer):
    """A till device as its manager sees it."""

    device_id: UUID
    till_id: UUID
    site_code: str
    till_name: str
    enrolled_at: datetime
    revoked_at: datetime | None


class DevicePage(Page[UUID]):
    """The query of the list of devices of a site, the newest first."""

    site_code: Annotated[SiteCode, Field(description="The site whose devices are listed.")]
