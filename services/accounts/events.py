"""What accounts tells the others.  Field names here are promises."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from chassis.facts import Fact

#: Where a fact comes from that is about no single site.
NETWORK = "network"


class SiteOpened(Fact):
    """A reception point opened.  Subject: the site code."""

    TYPE: ClassVar[str] = "accounts.site.opened.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "site_code": "saint-denis",
        "name": "Connexions Solidaires Saint-Denis",
        "address": "47 rue Jean Jaurès, Saint-Denis",
    }

    site_code: str
    name: str
    address: str


class DeviceEnrolled(Fact):
    """A till has a device.  Subject: the till, so that its devices come in order."""

    TYPE: ClassVar[str] = "accounts.device.enrolled.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "device_id": "0198c0de-0000-7000-8000-000000000001",
        "till_id": "0198c0de-0000-7000-8000-000000000002",
        "site_code": "saint-denis",
        "till_name": "Caisse 1",
    }

    device_id: UUID
    till_id: UUID
    site_code: str
    till_name: str


class DeviceRevoked(Fact):
    """A device may do nothing any more.  Subject: the till, so that its devices come in order."""

    TYPE: ClassVar[str] = "accounts.device.revoked.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "device_id": "0198c0de-0000-7000-8000-000000000001",
        "till_id": "0198c0de-0000-7000-8000-000000000002",
        "site_code": "saint-denis",
    }

    device_id: UUID
    till_id: UUID
    site_code: str


class UserTold(Fact):
    """Who somebody is to other services: no name and no e-mail address leaves accounts."""

    SAMPLE: ClassVar[dict[str, Any]] = {
        "user_id": "0198c0de-0000-7000-8000-000000000003",
        "role": "till_operator",
        "site_codes": ["saint-denis"],
    }

    user_id: UUID
    role: str
    site_codes: list[str]


class UserCreated(UserTold):
    """Somebody may sign in, with this role at these sites.  Subject: the user."""

    TYPE: ClassVar[str] = "accounts.user.created.v1"


class UserDisabled(UserTold):
    """Somebody may do nothing any more; their role and sites as they were.  Subject: the user."""

    TYPE: ClassVar[str] = "accounts.user.disabled.v1"


class UserEnabled(UserTold):
    """Somebody may sign in again, with this role at these sites.  Subject: the user."""

    TYPE: ClassVar[str] = "accounts.user.enabled.v1"


class UserChanged(UserTold):
    """Somebody has this role at these sites from now on.  Subject: the user."""

    TYPE: ClassVar[str] = "accounts.user.changed.v1"
    SAMPLE: ClassVar[dict[str, Any]] = UserTold.SAMPLE | {"disabled_at": None}

    #: A change lets nobody in again who was disabled.
    disabled_at: datetime | None


class AccessEnded(Fact):
    """Tokens issued before are refused.  Subject: the session, the user or the device."""

    TYPE: ClassVar[str] = "accounts.access.ended.v1"
    SAMPLE: ClassVar[dict[str, Any]] = {
        "subject_id": "0198c0de-0000-7000-8000-000000000004",
        "kind": "session",
        "issued_before": "2026-11-21T09:30:00.000001Z",
        "expires_at": "2026-11-21T21:30:00Z",
    }

    subject_id: UUID
    kind: Literal["session", "user", "device"]
    #: Tokens issued at this instant or later are believed again: somebody signed in anew.
    issued_before: datetime
    #: When the last of the refused tokens would have expired: then the ending may be forgotten.
    expires_at: datetime
