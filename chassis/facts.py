"""Facts as typed values: what a service tells, and the few fields it reads of what others tell."""

from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kernel.envelope import Envelope


class Fact(BaseModel):
    """What a service tells.  A field name is a promise: adding is free, renaming a new version."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    TYPE: ClassVar[str]
    #: A golden sample of the data, kept in contracts/ and read by every hearer in a test.
    SAMPLE: ClassVar[dict[str, Any]]

    def tell(
        self, *, id: UUID, subject: str, site: str, at: datetime, caused_by: UUID | None = None
    ) -> Envelope:
        """Put the fact into its envelope, ready for `outbox.append`."""
        return Envelope(
            id=id,
            type=self.TYPE,
            subject=subject,
            site=site,
            time=at,
            data=self.model_dump(mode="json", by_alias=True),
            caused_by=caused_by,
        )


class Heard(BaseModel):
    """The part of another service's fact that this service reads; other fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    TYPE: ClassVar[str]

    @classmethod
    def hear(cls, envelope: Envelope) -> Self:
        """Read the fact's data; a ValidationError parks the delivery with its reason."""
        return cls.model_validate(envelope.data)
