"""Till devices: a code that enrols one device once, and a till that has one device at a time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from kernel.refusal import NotFound, Refusal

#: 31 signs that are not mistaken for one another; 10 of them are 49 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_CHARS = 10


class CodeUnknown(NotFound):
    """This enrolment code is not known. Please check it, or ask for a new one."""

    code = "accounts.device.code_unknown"


class CodeUsed(Refusal):
    """This enrolment code has been used. Please ask for a new one."""

    code = "accounts.device.code_used"


class CodeExpired(Refusal):
    """This enrolment code has expired. Please ask for a new one."""

    code = "accounts.device.code_expired"


class TillTaken(Refusal):
    """The till {till_name} has a device already. Revoke that device first."""

    code = "accounts.device.till_taken"


class DeviceUnknown(NotFound):
    """There is no such device."""

    code = "accounts.device.unknown"


class DeviceRevoked(Refusal):
    """This device has been revoked already."""

    code = "accounts.device.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A manager awaits a device for a till until `expires_at`."""

    enrolment_id: UUID
    site_code: str
    till_name: str
    expires_at: datetime
    #: The device whose token is to be replaced; None: a new device is awaited.
    rolls_device_id: UUID | None = None
    #: The device that came.
    device_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What sells at a till; the till stays when its device is replaced."""

    device_id: UUID
    till_id: UUID
    site_code: str
    till_name: str
    enrolled_at: datetime
    #: When its token was issued: at its enrolment, or when it was last rolled.
    token_from: datetime
    revoked_at: datetime | None = None


def code_of(number: int) -> str:
    """Write a number as an enrolment code, in two groups that are easy to read out."""
    signs = []
    for _ in range(CODE_CHARS):
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    half = CODE_CHARS // 2
    return f"{''.join(signs[:half])}-{''.join(signs[half:])}"


def normalise_code(text: str) -> str:
    """Return the code as it is looked up: typed in small letters, with or without its dash."""
    return "".join(sign for sign in text.upper() if sign in ALPHABET)


def qr_of(code: str) -> str:
    """Return what a till reads of a code's picture; capitals keep the picture small."""
    return f"RELAIS:ENROL:{code}"


def check_open(enrolment: Enrolment, *, now: datetime) -> None:
    """Refuse a code that was used, or whose time is over."""
    if enrolment.device_id is not None:
        raise CodeUsed()
    if now >= enrolment.expires_at:
        raise CodeExpired()


def enrol(enrolment: Enrolment, *, device_id: UUID, till_id: UUID, now: datetime) -> Device:
    """Make the awaited device, once, in time."""
    check_open(enrolment, now=now)
    return Device(
        device_id=device_id,
        till_id=till_id,
        site_code=enrolment.site_code,
        till_name=enrolment.till_name,
        enrolled_at=now,
        token_from=now,
    )


def at_till(device: Device, *, till_id: UUID) -> Device:
    """Put a new device at the till of that name that was there before it."""
    return replace(device, till_id=till_id)


def roll(device: Device, *, now: datetime) -> Device:
    """Give a device another token, issued later than the one it has."""
    if device.revoked_at is not None:
        raise DeviceRevoked()
    return replace(device, token_from=ended_at(device, now=now))


def ended_at(device: Device, *, now: datetime) -> datetime:
    """Return the instant before which every token of a device was issued."""
    return max(now, device.token_from + timedelta(microseconds=1))


def revoke(device: Device, *, now: datetime) -> Device:
    """End what a device may do, for good."""
    if device.revoked_at is not None:
        raise DeviceRevoked()
    return replace(device, revoked_at=now)
