"""What the referrals service is told by its environment, besides what every service is."""

from functools import cache

from pydantic import Field

from chassis.settings import MailSettings, Secret


class ReferralsSettings(MailSettings):
    """The key that bons d'orientation are signed with, and how long exports and receipts take."""

    #: Ed25519 private key, base64url of its 32 bytes.
    relais_referral_key: Secret

    #: How long services may answer an export, how long it is fresh, and when it is deleted.
    export_answer_hours_max: int = Field(default=72, ge=1)
    export_fresh_hours: int = Field(default=24, ge=0)
    export_days_max: int = Field(default=7, ge=1)
    #: When the receipt of an erasure that has not come raises an alarm.
    erasure_receipt_seconds_max: int = Field(default=3_600, ge=1)


@cache
def current() -> ReferralsSettings:
    """Read the settings from the environment, once."""
    return ReferralsSettings()
