"""The sorts of devices, their condition and the words one may sell them under."""

from enum import StrEnum


class Kind(StrEnum):
    """What a device is."""

    PHONE = "phone"
    LAPTOP = "laptop"
    DESKTOP = "desktop"
    TABLET = "tablet"

    @property
    def is_computer(self) -> bool:
        """Computers have a serial number, no IMEI, and storage that can be taken out."""
        return self in (Kind.LAPTOP, Kind.DESKTOP)


class Condition(StrEnum):
    """Whether somebody has owned the device before."""

    USED = "used"
    NEW = "new"


class Grade(StrEnum):
    """How a device looks; commercial, not legal."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
