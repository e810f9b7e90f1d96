"""What the accounts service is told by its environment, besides what every service is."""

from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from chassis.settings import MailSettings, Secret


class OidcProvider(BaseModel):
    """An OpenID Connect provider whose word is taken for who somebody is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str
    client_secret: Secret
    #: The page of ours that the browser comes back to; registered with the provider.
    redirect_uri: str


class AccountsSettings(MailSettings):
    """The signing key, and each limit of sign-in and enrolment under its own name."""

    #: Ed25519 private key that tokens are signed with, base64url of its 32 bytes.
    relais_signing_key: Secret
    #: What second factors are sealed with: `<id>:<base64url of 32 bytes>,...`, the current first.
    relais_factor_keys: Secret

    session_hours: int = Field(default=12, ge=1)
    device_token_days: int = Field(default=400, ge=1)
    enrolment_minutes: int = Field(default=15, ge=1)

    # Argon2id as OWASP's password storage cheat sheet has it.
    argon2_memory_kib: int = 19 * 1024
    argon2_rounds: int = 2
    argon2_lanes: int = 1

    failures_per_account_max: int = Field(default=5, ge=1)
    failures_per_address_max: int = Field(default=50, ge=1)
    #: Whoever has signed in from an address so lately is not kept out by what others do there.
    at_home_days: int = Field(default=30, ge=1)
    resets_per_account_max: int = Field(default=3, ge=1)
    reset_minutes: int = Field(default=30, ge=1)
    #: The page that a mail points to, `#token` behind it; without one the mail has the code alone.
    reset_page_url: str = ""

    #: `{"<name>": {"issuer": ..., "client_id": ..., "client_secret": ..., "redirect_uri": ...}}`
    relais_oidc_providers: dict[str, OidcProvider] = Field(default_factory=dict)
    oidc_minutes: int = Field(default=10, ge=1)

    failure_window_s: int = 15 * 60
    failure_first_wait_s: int = 60
    failure_wait_s_max: int = 60 * 60
    throttle_kept_s: int = 24 * 3600
    #: How long a sign-in waits for others of the same account that are being looked at.
    sign_in_wait_s_max: float = 5.0
    sign_in_pause_s: float = 0.1


@cache
def current() -> AccountsSettings:
    """Read the settings from the environment, once."""
    return AccountsSettings()
