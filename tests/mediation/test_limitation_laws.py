"""Limitation: the laws that hold for every line, whatever happened to it and in whatever order."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kernel.period import add_years
from services.mediation.domain.limitation import Event
from services.mediation.domain.limitation_law import LASTING, EventKind, LineKind
from tests.mediation.ask import LETTERS, RESTARTING, ask, event, mediation

days = st.dates(min_value=date(2019, 1, 1), max_value=date(2031, 12, 31))
line_kinds = st.sampled_from([k for k in LineKind if k is not LineKind.COLLECTION_FEE])


@st.composite
def some_events(draw: st.DrawFn) -> list[Event]:
    chosen = []
    for _ in range(draw(st.integers(min_value=0, max_value=6))):
        kind, on = draw(st.sampled_from(EventKind)), draw(days)
        until_on = None
        if kind in LASTING and draw(st.booleans()):
            until_on = on + timedelta(days=draw(st.integers(min_value=0, max_value=900)))
        chosen.append(event(kind, on, until_on))
    return chosen


class TestLaws:
    @given(line_kinds, days, some_events(), days)
    def test_limited_after_the_last_live_day_and_only_then(
        self, kind: LineKind, due_on: date, events: list[Event], on: date
    ) -> None:
        limitation = ask(*events, kind=kind, due_on=due_on, on=on)
        assert limitation.last_live_on is not None
        assert limitation.limited == (on > limitation.last_live_on)

    @given(line_kinds, days, some_events(), days, st.sampled_from(LETTERS), days)
    def test_a_letter_never_changes_anything(
        self,
        kind: LineKind,
        due_on: date,
        events: list[Event],
        on: date,
        letter: EventKind,
        sent_on: date,
    ) -> None:
        without = ask(*events, kind=kind, due_on=due_on, on=on)
        with_letter = ask(*events, event(letter, sent_on), kind=kind, due_on=due_on, on=on)
        assert with_letter.last_live_on == without.last_live_on
        assert (with_letter.limited, with_letter.flags) == (without.limited, without.flags)

    @given(line_kinds, days, some_events(), days, st.sampled_from(EventKind), days)
    def test_nothing_that_happens_brings_the_last_day_earlier(
        self,
        kind: LineKind,
        due_on: date,
        events: list[Event],
        on: date,
        added: EventKind,
        added_on: date,
    ) -> None:
        without = ask(*events, kind=kind, due_on=due_on, on=on).last_live_on
        more = ask(*events, event(added, added_on), kind=kind, due_on=due_on, on=on).last_live_on
        assert without is not None
        assert more is not None
        assert more >= without

    @given(line_kinds, days, some_events(), days, st.sampled_from(RESTARTING), days)
    def test_a_restart_in_time_gives_a_whole_period(
        self,
        kind: LineKind,
        due_on: date,
        events: list[Event],
        on: date,
        added: EventKind,
        added_on: date,
    ) -> None:
        before = ask(*events, kind=kind, due_on=due_on, on=added_on)
        after = ask(*events, event(added, added_on), kind=kind, due_on=due_on, on=on)
        if due_on < added_on <= on and not before.limited:
            assert after.last_live_on is not None
            years = 1 if kind is LineKind.SERVICE else 2
            assert after.last_live_on >= add_years(added_on, years)

    @given(line_kinds, days, some_events(), days)
    def test_never_earlier_than_the_plain_delay(
        self, kind: LineKind, due_on: date, events: list[Event], on: date
    ) -> None:
        with_events = ask(*events, kind=kind, due_on=due_on, on=on).last_live_on
        plain = ask(kind=kind, due_on=due_on, on=on).last_live_on
        assert with_events is not None
        assert plain is not None
        assert with_events >= plain

    @given(line_kinds, days, some_events(), days, st.randoms(use_true_random=False))
    def test_the_order_of_events_does_not_matter(
        self, kind: LineKind, due_on: date, events: list[Event], on: date, shuffler: object
    ) -> None:
        shuffled = list(events)
        shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
        one = ask(*events, kind=kind, due_on=due_on, on=on)
        assert ask(*shuffled, kind=kind, due_on=due_on, on=on) == one

    @given(line_kinds, days, days, days, days)
    def test_a_mediation_twice_is_a_mediation_once(
        self, kind: LineKind, due_on: date, began_on: date, ended_on: date, on: date
    ) -> None:
        same = mediation(min(began_on, ended_on), max(began_on, ended_on))
        once = ask(same, kind=kind, due_on=due_on, on=on).last_live_on
        assert ask(same, same, kind=kind, due_on=due_on, on=on).last_live_on == once
