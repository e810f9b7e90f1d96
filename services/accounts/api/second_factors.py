"""The shapes of second factors."""

from chassis.http import Answer
from services.accounts.api import Code, Password, Strict


class BeginFactor(Strict):
    """The password again: a browser left open must not be enough to enrol a telephone."""

    password: Password


class FactorBegun(Answer):
    """What the telephone's app is told, once: to type, or as a QR code to take a picture of.

    `qr_picture` is the address of a picture of that code, which holds the picture itself.
    """

    secret: str
    qr: str
    qr_picture: str


class ProveFactor(Strict):
    """A code that the second factor shows."""

    code: Code


class ProveFactorAgain(Strict):
    """The password, and a code that the second factor shows or a recovery code."""

    password: Password
    code: Code


class RecoveryCodes(Answer):
    """Codes for the day the telephone is lost, shown once; each opens once."""

    recovery_codes: list[str]


class FactorState(Answer):
    """Whether there is a second factor, and whether the role needs one."""

    enrolled: bool
    needed: bool
    recovery_codes_left: int
