"""Bad days: what goes wrong on the way to Stripe and back, each for a bounded number of times."""

import json
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase

OF_WEBHOOKS = ("webhooks_late", "webhooks_twice", "webhooks_reversed", "webhooks_dropped")
OF_REQUESTS = ("slow", "cut", "cut_before", "rate_limit", "server_error", "server_error_after")
KINDS = (*OF_WEBHOOKS, *OF_REQUESTS)
COUNT_MAX = 10_000
SECONDS_MAX = 3600.0
#: Apart in time, so that reversed deliveries keep their order however busy the machine is.
APART_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class BadDay:
    """One kind of trouble for the next `count` events, or requests of that method and path."""

    kind: str
    count: int = 1
    seconds: float = 2.0
    method: str = "POST"
    path: str = "/v1/*"
    #: When the reversed events are told, known once the first of them is there.
    until: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if type(self.count) is not int or not 0 <= self.count <= COUNT_MAX:
            raise ValueError(f"count must be a whole number up to {COUNT_MAX}")
        if not isinstance(self.seconds, int | float) or not 0 <= self.seconds <= SECONDS_MAX:
            raise ValueError(f"seconds must be a number up to {SECONDS_MAX:.0f}")
        if not isinstance(self.method, str) or not isinstance(self.path, str):
            raise ValueError("method and path must be strings")

    @classmethod
    def from_json(cls, text: str) -> "BadDay":
        """As it was announced or stored."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self))

    @property
    def is_of_webhooks(self) -> bool:
        return self.kind in OF_WEBHOOKS

    def concerns(self, method: str, path: str) -> bool:
        """Whether it strikes this request."""
        return self.kind in OF_REQUESTS and method == self.method and fnmatchcase(path, self.path)

    def counted_down(self, *, now: float) -> "BadDay":
        """The same after one more event or request."""
        return replace(self, count=self.count - 1, until=self.until or now + self.seconds)


def due_times(day: BadDay | None, *, now: float) -> list[float]:
    """When an event is told, by the bad day (already counted down) that strikes it."""
    if day is None:
        return [now]
    match day.kind:
        case "webhooks_late":
            return [now + day.seconds]
        case "webhooks_twice":
            return [now, now]
        case "webhooks_reversed":
            return [day.until + APART_S * day.count]
    return []
