"""The shapes of signing in by an OpenID Connect provider's word."""

from typing import Annotated

from pydantic import Field, SecretStr

from chassis.http import Answer
from services.accounts.api import Code, Strict


class ProviderShown(Answer):
    """A provider that one may sign in by."""

    provider: str


class FlowStarted(Answer):
    """Where to send the browser, and what it keeps to itself until it comes back."""

    authorization_url: str
    flow: str


class FlowBack(Strict):
    """What the browser kept, and what the provider sent it back with.

    `second_factor`: the code of the second factor enrolled here, unless the provider asks for two
    factors itself.
    """

    flow: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    state: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    code: Annotated[SecretStr, Field(min_length=1, max_length=4_000)]
    second_factor: Code | None = None
