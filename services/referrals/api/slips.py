"""Slips: the signed text that a person takes along."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.http import Answer, Page
from services.referrals.api import Strict
from services.referrals.api.referrals import StateName


class ReadSlip(Strict):
    """The text of a scanned slip."""

    qr: Annotated[str, Field(min_length=1, max_length=400)]


class Slip(Answer):
    """What a slip says, once its signature has been checked, and what became of its referral."""

    referral_id: UUID
    code: str
    expires_on: date
    site_code: str
    state: StateName
    state_since: datetime


class SlipKey(Answer):
    """What a till checks slips with, offline.

    A slip is `prefix` and the base64url of payload and signature (64 bytes); the signature is over
    `purpose`, a NUL byte and the payload: the referral's id (16 bytes), the first day it is no
    longer good (4 bytes, big-endian, days since 0001-01-01 counted from 1) and its code in ASCII.
    """

    algorithm: Literal["Ed25519"] = "Ed25519"
    #: base64url of 32 bytes.
    public_key: str
    prefix: str
    purpose: str


class RevokedSlip(Answer):
    """A slip that its own signature would let pass."""

    referral_id: UUID
    expires_on: date


class RevokedPage(Page[UUID]):
    """The query of the list of revoked slips, the oldest first."""
