"""Limitation: until which day a creditor may still claim one debt line.

    what happens            to a running period                        after the last live day
    payment                 restarts it whole                          risk of renunciation
    acknowledgement         restarts it whole                          risk of renunciation
    plan_request            restarts it whole                          risk of renunciation
    court_claim             restarts it whole, from `until` if given   nothing
    mediation               stops it; six months left at least         nothing
    reminder                nothing                                    nothing
    formal_notice           nothing                                    nothing

A period is counted in days and is over when its last day is over (C. civ. 2228, 2229): on the
anniversary itself the line is still live.  Nothing that happens afterwards revives it.  The result
is an aid, to be confirmed by the mediator: see docs/rules/limitation.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from kernel.period import add_months, add_years
from kernel.refusal import Refusal
from services.mediation.domain.limitation_law import (
    DEBTOR_ACTS,
    DELAY_YEARS,
    EFFECTS,
    FEE_DUE_CENTS,
    LASTING,
    MONTHS_LEFT_MIN,
    NEAR_LIMIT_DAYS,
    RENUNCIATION_ARTICLE,
    Effect,
    EventKind,
    LineKind,
)
from services.mediation.domain.rule import Basis, in_force


class Flag(StrEnum):
    """What a mediator must see before writing to the operator."""

    RENUNCIATION_RISK = "renunciation_risk"
    NEAR_LIMIT = "near_limit"
    NOT_DUE = "not_due"


class EndsBeforeItBegins(Refusal):
    """What began on {happened_on} cannot have ended on {until_on}, before it."""

    code = "mediation.limitation.ends_before_it_begins"


class HasNoEnd(Refusal):
    """The event of {happened_on} has no end: only a mediation or a court claim lasts."""

    code = "mediation.limitation.has_no_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a debt line on a day, or from a day until another."""

    kind: EventKind
    on: date
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limitation:
    """What is known of one line's limitation on the day of the question."""

    limited: bool
    last_live_on: date | None
    flags: tuple[Flag, ...]
    basis: tuple[Basis, ...]


@dataclass(slots=True, kw_only=True)
class _Clock:
    """A period on its way through the events, in the order in which they happened."""

    years: int
    asked_on: date
    due_on: date
    runs_from_on: date
    stopped_until_on: date
    last_live_on: date
    renounced: bool
    basis: list[Basis]

    def note(self, rule: str, article: str, sentence: str, **values: object) -> None:
        """Write one step down."""
        self.basis.append(Basis(rule=rule, article=article, sentence=sentence, values=values))

    def restart(self, event: Event, article: str) -> None:
        """Begin the whole period again; a period never gets shorter by it."""
        restarts_on = event.until_on or event.on
        if restarts_on <= self.due_on:
            self.note(
                "before_due",
                "C. civ. 2233",
                "{kind} of {happened_on}: the period had not begun, nothing to restart.",
                kind=event.kind,
                happened_on=event.on,
            )
            return
        # What is left of a mediation that is still running comes on top of the new period.
        stopped_days = max(0, (self.stopped_until_on - restarts_on).days)
        fresh_on = add_years(restarts_on, self.years) + timedelta(days=stopped_days)
        self.last_live_on = max(self.last_live_on, fresh_on)
        self.runs_from_on = max(self.runs_from_on, restarts_on)
        self.note(
            "restart",
            article,
            "{kind} of {happened_on}: the whole period of {years:year|years} begins again on"
            " {restarts_on}; last live day {last_live_on}.",
            kind=event.kind,
            happened_on=event.on,
            restarts_on=restarts_on,
            years=self.years,
            last_live_on=self.last_live_on,
        )

    def stop(self, *, began_on: date, until_on: date, months_left_min: int, article: str) -> None:
        """Add the days of a mediation, and leave a minimum after its end."""
        days = max(0, (until_on - max(began_on, self.runs_from_on)).days)
        self.last_live_on = max(
            self.last_live_on + timedelta(days=days), add_months(until_on, months_left_min)
        )
        self.stopped_until_on = max(self.stopped_until_on, until_on)
        self.note(
            "suspension",
            article,
            "Mediation from {happened_on} to {until_on}: {days:day does|days do} not count and at"
            " least {months} months are left afterwards; last live day {last_live_on}.",
            happened_on=began_on,
            until_on=until_on,
            days=days,
            months=months_left_min,
            last_live_on=self.last_live_on,
        )

    def come_too_late(self, event: Event) -> None:
        """Note an event after the last live day: it restarts nothing, and may cost the defence."""
        if event.kind in DEBTOR_ACTS:
            self.renounced = True
            self.note(
                "renunciation_risk",
                RENUNCIATION_ARTICLE,
                "{kind} of {happened_on}, after the last live day {last_live_on}: may be read as"
                " giving up the defence if it is unequivocal; nothing restarts.",
                kind=event.kind,
                happened_on=event.on,
                last_live_on=self.last_live_on,
            )
        else:
            self.note(
                "after_limit",
                "C. civ. 2219",
                "{kind} of {happened_on}, after the last live day {last_live_on}: no effect.",
                kind=event.kind,
                happened_on=event.on,
                last_live_on=self.last_live_on,
            )


def limitation_of(kind: LineKind, *, due_on: date, events: Iterable[Event], on: date) -> Limitation:
    """Work out the last live day of a line, as seen on a day.

    The order of `events` does not matter; what happened after `on` is noted and not counted.
    """
    happened = sorted(events, key=lambda event: (event.on, event.kind, event.until_on or date.max))
    for event in happened:
        _check(event)
    if kind is LineKind.COLLECTION_FEE:
        return _never_due(due_on)
    clock = _wind(kind, due_on=due_on, on=on)
    for event in _with_mediations_merged(happened, due_on=due_on, on=on):
        _apply(clock, event)
    return _conclude(clock, on=on)


def _check(event: Event) -> None:
    if event.until_on is None:
        return
    if event.kind not in LASTING:
        raise HasNoEnd(happened_on=event.on)
    if event.until_on < event.on:
        raise EndsBeforeItBegins(happened_on=event.on, until_on=event.until_on)


def _never_due(due_on: date) -> Limitation:
    rule = in_force(FEE_DUE_CENTS, day=due_on)
    basis = Basis(
        rule="not_due",
        article=rule.article,
        sentence="A fee for collecting is not due without an enforceable title; contest it.",
    )
    return Limitation(limited=False, last_live_on=None, flags=(Flag.NOT_DUE,), basis=(basis,))


def _wind(kind: LineKind, *, due_on: date, on: date) -> _Clock:
    delay = in_force(DELAY_YEARS[kind], day=due_on)
    clock = _Clock(
        years=delay.figure,
        asked_on=on,
        due_on=due_on,
        runs_from_on=due_on,
        stopped_until_on=due_on,
        last_live_on=add_years(due_on, delay.figure),
        renounced=False,
        basis=[],
    )
    clock.note(
        "delay",
        f"{delay.article}; C. civ. 2228, 2229",
        "A {kind} line due on {due_on} is limited after {years:year|years}; last live day"
        " {last_live_on}.",
        kind=kind,
        due_on=due_on,
        years=delay.figure,
        last_live_on=clock.last_live_on,
    )
    return clock


def _with_mediations_merged(
    happened: Sequence[Event], *, due_on: date, on: date
) -> Sequence[Event]:
    """Return the events in order; mediations that overlap become one, so no day counts twice.

    A mediation without an end is still running: it counts as if it ended on the day asked about.
    """
    merged: list[Event] = []
    last: int | None = None
    for event in happened:
        if event.kind is not EventKind.MEDIATION or event.on > on:
            merged.append(event)
            continue
        until_on = event.until_on or on
        earlier_until_on = None if last is None else merged[last].until_on
        if last is None or earlier_until_on is None or event.on > earlier_until_on:
            last = len(merged)
            merged.append(replace(event, until_on=until_on))
        else:
            merged[last] = replace(merged[last], until_on=max(earlier_until_on, until_on))
    return merged


def _apply(clock: _Clock, event: Event) -> None:
    if event.on > clock.asked_on:
        clock.note(
            "after_question",
            "—",
            "{kind} of {happened_on} lies after the day asked about: not counted.",
            kind=event.kind,
            happened_on=event.on,
        )
        return
    rule = in_force(EFFECTS[event.kind], day=event.on)
    if rule.figure is Effect.NOTHING:
        clock.note(
            "without_effect",
            rule.article,
            "{kind} of {happened_on}: a letter neither restarts nor stops the period (some"
            " collectors argue the contrary).",
            kind=event.kind,
            happened_on=event.on,
        )
    elif event.on > clock.last_live_on:
        clock.come_too_late(event)
    elif rule.figure is Effect.RESTARTS:
        clock.restart(event, rule.article)
    else:
        left = in_force(MONTHS_LEFT_MIN, day=event.on)
        clock.stop(
            began_on=event.on,
            until_on=event.until_on or clock.asked_on,
            months_left_min=left.figure,
            article=rule.article,
        )


def _conclude(clock: _Clock, *, on: date) -> Limitation:
    limited = on > clock.last_live_on
    near = in_force(NEAR_LIMIT_DAYS, day=on)
    flags = [Flag.RENUNCIATION_RISK] if clock.renounced else []
    if limited:
        clock.note(
            "probably_limited",
            "C. civ. 2219, 2229",
            "Limitation is probable since the day after {last_live_on}; to be confirmed by the"
            " mediator.",
            last_live_on=clock.last_live_on,
        )
    elif (clock.last_live_on - on).days < near.figure:
        flags.append(Flag.NEAR_LIMIT)
        clock.note(
            "near_limit",
            near.article,
            "Less than {days} days are left until {last_live_on}: send nothing that would"
            " acknowledge the debt; to be confirmed by the mediator.",
            days=near.figure,
            last_live_on=clock.last_live_on,
        )
    else:
        clock.note(
            "live",
            "C. civ. 2229",
            "The line may be claimed until {last_live_on} included; to be confirmed by the"
            " mediator.",
            last_live_on=clock.last_live_on,
        )
    return Limitation(
        limited=limited,
        last_live_on=clock.last_live_on,
        flags=tuple(flags),
        basis=tuple(clock.basis),
    )
