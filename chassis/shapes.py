"""What goes in and out at the HTTP door: bodies, query parameters, files, answers, pages of lists.

A list is read page by page, always in the same way: its route declares `query=` a subclass of
`Page`, its store reads one row more than `limit` from behind `after`, and its method returns
`Paged.cut` of what was found.  The answer's body is the list alone; a `Link` header names the next
page (RFC 8288) as long as there is one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from chassis.cookies import Cookie

_T = TypeVar("_T")
_GIVEN = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, str_max_length=2_000)


class Body(BaseModel):
    """The shape of a request's JSON body; a field nobody knows is refused."""

    model_config = _GIVEN


class Parameters(BaseModel):
    """The shape of a request's query; a parameter nobody knows is refused.

    A filter whose name was mistyped would otherwise let everything pass, and look as if it worked.
    """

    model_config = _GIVEN


class Page(Parameters, Generic[_T]):
    """The query of a list; `after` is of the type of the key that the list is ordered by."""

    after: Annotated[_T | None, Field(description="The key of the last entry seen.")] = None
    limit: Annotated[int, Field(ge=1, le=200, description="How many entries at most.")] = 50


class Answer(BaseModel):
    """The shape of an answer's JSON body."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


@dataclass(frozen=True, slots=True)
class Bytes:
    """`body=Bytes("text/csv")`: the request's body, or the answer's, is a file of that type."""

    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An answer of `answer=Bytes("*/*")`: a file that says itself of which type it is."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file of any length, sent part by part, and what a browser calls it."""

    parts: Iterable[bytes]
    media_type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer with another status than the route's own, or with cookies for a browser."""

    answer: object
    status: int
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged(Generic[_T]):
    """One page of a list, and the key of its last entry when more follow."""

    items: Sequence[_T]
    last: str | None = None

    @classmethod
    def cut(cls, found: Sequence[_T], *, limit: int, key: Callable[[_T], object]) -> "Paged[_T]":
        """Cut what was found to the limit; it was asked for with one entry more than that."""
        items = found[:limit]
        more = len(found) > limit
        return cls(items=items, last=str(key(items[-1])) if more else None)
