"""Slips: the signed text that a person takes along."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.http import Answer
from services.referrals.api import Strict


class ReadSlip(Strict):
    """The text of a scanned slip."""

    qr: Annotated[str, Field(min_length=1, max_length=400)]


class Slip(Answer):
    """What a slip says, once its signature has been checked."""

    referral_id: UUID
    code: str
    expires_on: date
