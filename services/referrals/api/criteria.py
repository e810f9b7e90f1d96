"""By what a site decides whom it takes in."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from chassis.http import Answer
from services.referrals.api import Strict

CriterionName = Literal["none", "reste_a_vivre", "manual"]


class SetCriterion(Strict):
    """The criterion of a site from a day on, until another one follows."""

    criterion: CriterionName
    from_on: Annotated[date, Field(alias="from")]
    threshold_day_cents: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _threshold_where_it_means_something(self) -> "SetCriterion":
        if (self.criterion == "reste_a_vivre") != (self.threshold_day_cents is not None):
            raise ValueError("A threshold belongs to the criterion reste_a_vivre, and to no other.")
        return self


class SiteCriterion(Answer):
    """The criterion of a site from a day on, to the day before `until`."""

    site_code: str
    criterion: CriterionName
    from_on: Annotated[date, Field(alias="from")]
    until_on: Annotated[date | None, Field(alias="until")]
    threshold_day_cents: int | None
    set_by: UUID
