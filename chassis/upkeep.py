"""What every service shows of itself to those who keep the network going.

Its backlog: facts that wait to be published, messages that wait for its handlers, deliveries that
failed for good.  Those are replayed or discarded here as by `relais parked`.  The page that shows
the whole network is put together of each service's own part (`/pilotage/livraisons`): nobody reads
another's schema.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis import http, outbox, parking, settling, topology
from chassis.auth import Employed
from chassis.broker import Broker, BrokerAway
from chassis.http import Answer, Body, Call, Page, Paged, Parameters, Transaction
from chassis.resources import DatabaseProvider, SettingsProvider
from chassis.topology import Topology
from chassis.web import View, page
from kernel.refusal import NotFound

#: Where each service shows its part; nginx sends it there.
PART = "/pilotage/livraisons/{service}"
_ADMIN = Employed(("admin",))
_SHOWN_MAX = 50
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class QueueLength(Answer):
    """How many messages wait in a queue of the broker, those that wait to be retried among them."""

    queue: str
    waiting: int


class Backlog(Answer):
    """What waits in a service; `queues` is null while the broker does not answer."""

    facts_unpublished: int
    facts_held: int
    oldest_unpublished_s: float
    parked: int
    queues: list[QueueLength] | None

    @property
    def messages_waiting(self) -> int:
        """How many messages wait for this service's handlers."""
        return sum(each.waiting for each in self.queues or ())


class ParkedDelivery(Answer):
    """A delivery that failed for good, and what a person decided about it."""

    parked_id: int
    consumer: str
    event_id: UUID | None
    type: str | None
    reason: str
    detail: str
    body: str
    attempts: int
    parked_at: datetime
    state: Literal["parked", "replayed", "discarded"]
    settled_at: datetime | None
    settled_by: str | None
    settled_why: str | None


class ParkedPage(Page[Annotated[int, Field(ge=0, le=2**63 - 1)]]):
    """The query of the list of parked deliveries, the oldest first."""

    settled: Annotated[bool, Field(description="Also those that have been settled.")] = False


class Replay(Body):
    """Why a delivery may succeed now."""

    why: Why = ""


class Discard(Body):
    """Why a delivery is given up."""

    why: Annotated[Why, Field(min_length=1)]


class PartQuery(Parameters):
    """How much of the part is wanted."""

    brief: bool = False


class Upkeep:
    """The doors and the part of a page by which a service is kept going."""

    name: ClassVar[str]

    database: Any = DatabaseProvider()
    settings: Any = SettingsProvider()

    @http.query("GET", "/v1/backlog", answer=Backlog, allow=_ADMIN)
    def show_backlog(self, tx: Transaction, call: Call) -> Backlog:
        """Say what waits: facts to be published, messages to be handled, parked deliveries."""
        return self._backlog(tx)

    @http.query("GET", "/v1/parked", query=ParkedPage, answer=list[ParkedDelivery], allow=_ADMIN)
    def list_parked(self, tx: Transaction, call: Call, page: ParkedPage) -> Paged[ParkedDelivery]:
        """List the deliveries that failed for good."""
        rows = parking.find(
            tx, settled_too=page.settled, after=page.after or 0, limit=page.limit + 1
        )
        found = [_shown(row) for row in rows]
        return Paged.cut(found, limit=page.limit, key=lambda each: each.parked_id)

    @http.command(
        "POST",
        "/v1/parked/<int:parked_id>/replay",
        body=Replay,
        answer=ParkedDelivery,
        allow=_ADMIN,
    )
    def replay_parked(
        self, tx: Transaction, call: Call, body: Replay, parked_id: int
    ) -> ParkedDelivery:
        """Send a delivery to its handler again, which does nothing twice."""
        amqp_url = self.settings.amqp_url.get_secret_value()
        who = str(call.caller.user_id)
        return _shown(settling.replay(tx, parked_id, amqp_url=amqp_url, who=who, why=body.why))

    @http.command(
        "POST",
        "/v1/parked/<int:parked_id>/discard",
        body=Discard,
        answer=ParkedDelivery,
        allow=_ADMIN,
    )
    def discard_parked(
        self, tx: Transaction, call: Call, body: Discard, parked_id: int
    ) -> ParkedDelivery:
        """Give a delivery up, for a reason that is kept with it."""
        who = str(call.caller.user_id)
        return _shown(settling.discard(tx, parked_id, who=who, why=body.why))

    @page(PART.format(service="<service>"), allow=_ADMIN, query=PartQuery)
    def show_upkeep(self, tx: Transaction, call: Call, query: PartQuery, service: str) -> View:
        """Show this service's part of the state of the services."""
        if service != self.name:  # one that does not run here: nginx had nobody else to ask
            raise NotFound()
        backlog = self._backlog(tx)
        rows = [] if query.brief else parking.find(tx, limit=_SHOWN_MAX)
        return View(
            "upkeep.html",
            service=service,
            brief=query.brief,
            backlog=backlog,
            oldest_at=call.now - timedelta(seconds=backlog.oldest_unpublished_s),
            deliveries=[_shown(row) for row in rows],
        )

    def _backlog(self, tx: Transaction) -> Backlog:
        unpublished = outbox.measure(tx)
        return Backlog(
            facts_unpublished=unpublished.waiting,
            facts_held=unpublished.held,
            oldest_unpublished_s=unpublished.oldest_s,
            parked=parking.count(tx),
            queues=self._queues(),
        )

    def _queues(self) -> list[QueueLength] | None:
        """Ask the broker for the queues of this service in which something waits."""
        settings, plan = self.settings, Topology.read()
        amqp_url = settings.amqp_url.get_secret_value()
        try:
            with Broker(amqp_url, name=f"{self.name} backlog") as broker:
                lengths = topology.waiting(broker, plan, service=self.name, settings=settings)
        except BrokerAway:
            return None
        return [
            QueueLength(queue=queue, waiting=count) for queue, count in lengths.items() if count
        ]


def _shown(row: dict[str, Any]) -> ParkedDelivery:
    said = {name: value for name, value in row.items() if name in ParkedDelivery.model_fields}
    return ParkedDelivery(**said | {"body": bytes(row["body"]).decode("utf-8", "backslashreplace")})
