"""Questions about limitation, as tests ask them."""

from datetime import date

from services.mediation.domain.limitation import Event, Limitation, limitation_of
from services.mediation.domain.limitation_law import EFFECTS, Effect, EventKind, LineKind

DUE_ON = date(2025, 3, 10)
LAST_ON = date(2026, 3, 10)
RESTARTING = [kind for kind, rules in EFFECTS.items() if rules[0].figure is Effect.RESTARTS]
LETTERS = [EventKind.REMINDER, EventKind.FORMAL_NOTICE]


def ask(
    *events: Event, kind: LineKind = LineKind.SERVICE, due_on: date = DUE_ON, on: date = LAST_ON
) -> Limitation:
    return limitation_of(kind, due_on=due_on, events=events, on=on)


def event(kind: EventKind, on: date, until_on: date | None = None) -> Event:
    return Event(kind=kind, on=on, until_on=until_on)


def mediation(on: date, until_on: date | None = None) -> Event:
    return event(EventKind.MEDIATION, on, until_on)
