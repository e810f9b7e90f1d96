"""The shapes of this service's HTTP bodies and answers, by subject."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field

from chassis.http import Answer, Body

SiteCode = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]


class Strict(Body):
    """A body whose values are of their type as they stand: no text for a number."""

    model_config = ConfigDict(strict=True)


class Nothing(Strict):
    """An empty body: the route says it all."""


class Entitlement(Answer):
    """What a person may buy: from the day `from` to the day before `until`."""

    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date, Field(alias="until")]
    monthly_cap_cents: int
    #: Short, until a referrer confirms it.
    provisional: bool
