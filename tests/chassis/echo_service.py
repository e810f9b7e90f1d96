"""A service that does at its HTTP door what each request asks for."""

from typing import Annotated, Literal
from uuid import UUID

import eventlet
from pydantic import Field

from chassis import http
from chassis.db import Transaction
from chassis.http import Answer, Body, Bytes, Call, File, Page, Paged, Parameters, Reply
from chassis.service import Service
from kernel.refusal import NotFound, Refusal, Throttled


class NotToday(Refusal):
    """Not today, {name}."""

    code = "settlement.echo.not_today"


class NoThing(NotFound):
    """There is no thing {thing_id}."""

    code = "settlement.echo.no_thing"


class Thing(Body):
    """What is asked for, and how it is to end."""

    name: Annotated[str, Field(max_length=40)]
    number: Annotated[int, Field(ge=0, strict=True)] = 0
    do: Literal[
        "keep",
        "refuse",
        "crash",
        "overflow",
        "later",
        "otherwise",
        "throttle",
        "dawdle",
        "linger",
    ] = "keep"


class Kept(Answer):
    """What was kept."""

    thing_id: UUID
    name: str
    by: UUID


class Later(Answer):
    """What will be kept."""

    thing_id: UUID


class Asked(Parameters):
    """How a thing is to be shown."""

    name: Annotated[str, Field(max_length=40, description="What to call it.")] = ""
    colour: Literal["red", "green"] | None = None


class ThingPage(Page[int]):
    """The query of the list of things, by number."""

    least: Annotated[int, Field(ge=0)] = 0


class Settlement(Service):
    """Echoes."""

    name = "settlement"

    @http.command(
        "POST", "/v1/things", body=Thing, answers={201: Kept, 202: Later}, allow=("admin",)
    )
    def keep(self, tx: Transaction, call: Call, body: Thing) -> Kept | Reply:
        """Keep a thing, and then do as it says."""
        kept = Kept(thing_id=call.new_id(), name=body.name, by=call.caller.user_id)
        number = 2**70 if body.do == "overflow" else body.number
        tx.execute("INSERT INTO effect VALUES (%s, %s)", (kept.thing_id, number))
        match body.do:
            case "refuse":
                raise NotToday(name=body.name)
            case "throttle":
                raise Throttled(retry_after_s=7)
            case "crash":
                raise ZeroDivisionError(f"a secret of {body.name}")
            case "dawdle":
                eventlet.sleep(0.5)
            case "linger":
                eventlet.sleep(3.0)
            case "later":
                return Reply(answer=Later(thing_id=kept.thing_id), status=202)
            case "otherwise":
                return Reply(answer=kept, status=203)
        return kept

    @http.query("GET", "/v1/things/<uuid:thing_id>", query=Asked, answer=Kept, allow=http.SIGNED_IN)
    def show(self, tx: Transaction, call: Call, asked: Asked, thing_id: UUID) -> Kept:
        """Show a thing."""
        row = tx.execute("SELECT 1 FROM effect WHERE event_id = %s", (thing_id,)).fetchone()
        if row is None:
            raise NoThing(thing_id=thing_id)
        return Kept(thing_id=thing_id, name=asked.name, by=call.caller.user_id)

    @http.query("GET", "/v1/things", query=ThingPage, answer=list[int], allow=http.SIGNED_IN)
    def list_all(self, tx: Transaction, call: Call, page: ThingPage) -> Paged[int]:
        """List the numbers of all things."""
        rows = tx.execute(
            "SELECT number FROM effect WHERE number >= %s AND number > %s ORDER BY number LIMIT %s",
            (page.least, -1 if page.after is None else page.after, page.limit + 1),
        )
        found = [row["number"] for row in rows]
        return Paged.cut(found, limit=page.limit, key=lambda number: number)

    @http.door(
        "POST", "/v1/sizes", body=Bytes("text/csv"), answer=int, allow=http.ANYONE, limit=1_000
    )
    def measure(self, call: Call, body: bytes) -> int:
        """Say how long a body is, to anybody."""
        return len(body)

    @http.door("GET", "/v1/things.csv", answer=Bytes("text/csv"), allow=http.ANYONE)
    def export(self, call: Call) -> bytes:
        """Give a file, to anybody."""
        return "numéro\n1\n".encode()

    @http.door("GET", "/v1/papers", answer=Bytes("*/*"), allow=http.ANYONE)
    def print_one(self, call: Call) -> File:
        """Give a file that says of which type it is, to anybody."""
        return File(content=b"%PDF-", media_type="application/pdf")


SERVICE = Settlement
