"""The shapes of this service's HTTP bodies and answers, and what they share."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr, StringConstraints

from chassis.http import Body

RoleName = Literal[
    "till_operator", "mediator", "operator_partner", "referrer", "site_manager", "admin"
]
SiteCode = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
OperatorCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$"
    ),
]
Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
#: Kept out of every log, error and stored request: it is written as asterisks.
Password = Annotated[SecretStr, Field(min_length=1, max_length=200)]

#: Six digits that a second factor shows, or a recovery code.
Code = Annotated[SecretStr, Field(min_length=1, max_length=40)]


class Strict(Body):
    """A body whose values have the very types they are declared with."""

    # A password keeps the spaces it was typed with; the other texts say that they are trimmed.
    model_config = ConfigDict(strict=True, str_strip_whitespace=False)


class Nothing(Strict):
    """An empty body: the route says it all."""
