"""The shapes of till devices."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from services.accounts.api import Line, SiteCode, Strict


class NewEnrolment(Strict):
    """The till for which a device is awaited."""

    site_code: SiteCode
    till_name: Line


class Enrolment(Answer):
    """A code that enrols one device, once, until it expires."""

    enrolment_code: str
    #: The same for a picture (QR) that the till's camera reads.
    qr: str
    #: That picture, as an address that holds it.
    qr_picture: str
    expires_at: datetime


class EnrolDevice(Strict):
    """What the device was told by its manager."""

    enrolment_code: Annotated[str, Field(max_length=40)]


class BrowserDevice(Answer):
    """A browser that is a till's device from now on."""

    device_id: UUID
    till_id: UUID


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
    token_from: datetime
    revoked_at: datetime | None


class DevicePage(Page[UUID]):
    """The query of the list of devices of a site, the newest first."""

    site_code: Annotated[SiteCode, Field(description="The site whose devices are listed.")]
