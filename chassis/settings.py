"""What a process is told by its environment, each limit under its own name."""

from email.utils import parseaddr
from functools import cache, cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PARTS = ("http", "consume", "relay")


def _not_blank(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("this secret is empty; the service does not start without it")
    return secret


#: A secret that is set: an empty one is an error at start, never a default.
Secret = Annotated[SecretStr, AfterValidator(_not_blank)]


class Settings(BaseSettings):
    """Settings every service shares; a service with more of its own derives from this class."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    database_url: Secret
    amqp_url: Secret
    #: Ed25519 public key that tokens are verified with, base64url of its 32 bytes.
    relais_verify_key: Secret
    relais_http_port: int = 8000
    relais_http_host: str = "127.0.0.1"
    #: Which parts this process runs, comma separated: http, consume, relay.
    relais_parts: str = ",".join(PARTS)
    relais_log_level: str = "INFO"

    #: Whose word on the caller's address (X-Real-IP) is taken: our own nginx, by its network.
    relais_trusted_proxies: str = "127.0.0.0/8"

    http_workers_max: int = Field(default=256, ge=1)
    http_body_bytes_max: int = 1_000_000
    http_idle_seconds_max: int = 75
    database_connections_max: int = Field(default=8, ge=2)
    database_wait_seconds_max: float = 5.0
    statement_ms_max: int = 30_000
    lock_wait_ms_max: int = 5_000
    sale_batch_count_max: int = 128

    #: How often it is looked whose access has ended, should no notification have come.
    access_poll_s: float = 5.0

    relay_batch_count_max: int = 500
    relay_poll_ms: int = 500
    #: After a batch, what commits within this time goes with the next: nobody who hears of it is
    #: woken for each fact.  The first fact after a quiet moment waits for nothing.
    relay_gather_ms: int = 100
    confirm_seconds_max: float = 10.0
    consume_batch_count_max: int = 200
    consume_lock_ms_max: int = 250
    queue_length_max: int = 5_000_000
    delivery_limit: int = 50
    retry_delays_s: tuple[int, ...] = (1, 5, 30, 300)

    #: What one service may answer to an export: as much as this in one fact, in so many facts.
    export_part_bytes_max: int = Field(default=131_072, ge=1)
    export_parts_max: int = Field(default=64, ge=1)

    @property
    def parts(self) -> frozenset[str]:
        """The parts this process runs."""
        chosen = frozenset(part.strip() for part in self.relais_parts.split(",") if part.strip())
        if unknown := chosen - frozenset(PARTS):
            raise ValueError(f"RELAIS_PARTS names unknown parts: {', '.join(sorted(unknown))}")
        return chosen

    @cached_property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of RELAIS_TRUSTED_PROXIES."""
        return tuple(
            ip_network(each.strip()) for each in self.relais_trusted_proxies.split(",") if each
        )


class MailSettings(Settings):
    """What a service that writes mails is told besides."""

    #: `smtp://[user:password@]host[:port]`, or `smtps://`; see chassis/smtp.py.
    smtp_url: Secret
    mail_from: str = "Relais <ne-pas-repondre@relais.invalid>"
    #: How often a mail is tried before it is given up: the last pauses are six hours each.
    mail_tries_max: int = Field(default=15, ge=1)
    mail_batch_count_max: int = Field(default=50, ge=1)
    smtp_seconds_max: float = 10.0

    @property
    def mail_domain(self) -> str:
        """The right side of our Message-IDs (RFC 5322, 3.6.4)."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2]


@cache
def current() -> Settings:
    """Read the shared settings from the environment, once."""
    return Settings()  # the environment gives the fields


def what_is_missing(error: ValidationError) -> str:
    """Name the variables that are not as they should be, never with their values."""
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']).upper()}: {each['msg']}"
        for each in error.errors()
    )
