"""The shapes of changing and resetting passwords."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from chassis.http import Answer
from services.accounts.api import Password, Strict


class ChangePassword(Strict):
    """The password that one has, and the one to come."""

    password: Password
    new_password: Password


class AskReset(Strict):
    """Whose password is forgotten."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]


class UseReset(Strict):
    """What the mail said, and the password to come."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=100)]
    password: Password


class Done(Answer):
    """Done; there is nothing more to say."""
