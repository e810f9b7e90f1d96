"""The figures a process shows at `/metrics`; names are promised in docs/operations."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
registry = CollectorRegistry()

_FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

http_seconds = Histogram(
    "relais_http_seconds",
    "Time to answer at the HTTP door",
    ["route", "status"],
    registry=registry,
    buckets=_FAST,
)
batch_size = Histogram(
    "relais_batch_size",
    "Commands committed together",
    ["kind"],
    registry=registry,
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
outbox_waiting = Gauge(
    "relais_outbox_waiting", "Facts committed and not yet published", registry=registry
)
outbox_oldest_seconds = Gauge(
    "relais_outbox_oldest_seconds", "Age of the oldest unpublished fact", registry=registry
)
outbox_held = Gauge(
    "relais_outbox_held", "Facts the broker returned, waiting to be tried again", registry=registry
)
relay_published = Counter("relais_relay_published", "Facts the broker confirmed", registry=registry)
facts = Counter(
    "relais_facts",
    "Deliveries by how they ended",
    ["consumer", "type", "ending"],
    registry=registry,
)
fact_seconds = Histogram(
    "relais_fact_seconds",
    "Time to handle a batch of deliveries",
    ["consumer"],
    registry=registry,
    buckets=_FAST,
)
parked = Gauge("relais_parked", "Deliveries parked and not settled", ["service"], registry=registry)


def page() -> bytes:
    """Return all figures in the Prometheus text format."""
    return generate_latest(registry)
