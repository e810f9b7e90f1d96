"""What the referrals service is told by its environment, besides what every service is."""

from functools import cache

from chassis.settings import MailSettings, Secret


class ReferralsSettings(MailSettings):
    """The key that bons d'orientation are signed with."""

    #: Ed25519 private key, base64url of its 32 bytes.
    relais_referral_key: Secret


@cache
def current() -> ReferralsSettings:
    """Read the settings from the environment, once."""
    return ReferralsSettings()
