"""What tells one device from every other: the IMEI of a phone, the serial number of a computer.

An IMEI has 15 digits, the last of which is a Luhn check digit (3GPP TS 23.003, section 6.2).
"""

from dataclasses import dataclass

from kernel.refusal import Invalid, Refusal
from services.equipment.domain.kind import Kind

_IMEI_DIGITS = 15


class ImeiInvalid(Invalid):
    """This is not an IMEI: it has 15 digits, and the last one checks the others. Type *#06#."""

    code = "equipment.imei.invalid"


class IdentityMismatch(Invalid):
    """A phone is known by its IMEI, a computer by its serial number, a tablet by either."""

    code = "equipment.device.identity"


class ImeiBlocked(Refusal):
    """This IMEI is on the list of lost and stolen phones: keep it aside and tell a manager."""

    code = "equipment.imei.blocked"


class KnownAlready(Refusal):
    """A device with this IMEI or serial number has already been received in the network."""

    code = "equipment.device.known_already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An IMEI, a serial number, or both."""

    imei: str | None
    serial: str | None


def identify(kind: Kind, *, imei: str | None, serial: str | None) -> Identity:
    """Check and tidy what identifies a device of a kind."""
    if kind is Kind.PHONE and imei is None:
        reason = {"reason": "A phone has an IMEI: type *#06# on it."}
        raise IdentityMismatch(errors=[{"field": "imei"} | reason])
    if kind.is_computer and serial is None:
        reason = {"reason": "A computer has a serial number: it is on its label."}
        raise IdentityMismatch(errors=[{"field": "serial"} | reason])
    if kind.is_computer and imei is not None:
        reason = {"reason": "A computer is not known by an IMEI."}
        raise IdentityMismatch(errors=[{"field": "imei"} | reason])
    if imei is None and serial is None:
        reason = {"reason": "Give an IMEI or a serial number."}
        raise IdentityMismatch(errors=[{"field": "imei"} | reason])
    return Identity(
        imei=None if imei is None else tidy_imei(imei),
        # Labels are read aloud and typed by hand: case and spaces make no difference.
        serial=None if serial is None else "".join(serial.split()).upper(),
    )


def tidy_imei(text: str) -> str:
    """Return the 15 digits of an IMEI, written with or without spaces and dashes."""
    digits = "".join(character for character in text if character not in " -")
    if len(digits) != _IMEI_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ImeiInvalid(errors=[{"field": "imei", "reason": "An IMEI has 15 digits."}])
    if not _luhn_holds(digits):
        reason = {"reason": "The last digit does not match the others: look for a slip of the pen."}
        raise ImeiInvalid(errors=[{"field": "imei"} | reason])
    return digits


def _luhn_holds(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
