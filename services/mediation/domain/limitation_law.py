"""The law of limitation: the kinds of debt line and of event, and the dated rules for each."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from services.mediation.domain.rule import Rule


class LineKind(StrEnum):
    """What a debt line asks money for; each kind has its own limitation."""

    SERVICE = "service"
    TERMINATION_FEE = "termination_fee"
    EQUIPMENT = "equipment"
    COLLECTION_FEE = "collection_fee"


class EventKind(StrEnum):
    """What may happen to a debt line."""

    PAYMENT = "payment"
    ACKNOWLEDGEMENT = "acknowledgement"
    PLAN_REQUEST = "plan_request"
    COURT_CLAIM = "court_claim"
    REMINDER = "reminder"
    FORMAL_NOTICE = "formal_notice"
    MEDIATION = "mediation"


class Effect(StrEnum):
    """What an event does to a running period."""

    RESTARTS = "restarts"
    STOPS = "stops"
    NOTHING = "nothing"


# The civil reform of limitation (loi 2008-561) is in force since this day; older acts of
# interruption followed other articles and are refused as unknown rather than guessed at.
REFORM_ON = date(2008, 6, 19)
CONSUMER_CODE_ON = date(2016, 7, 1)

_TWO_CONSUMER_YEARS = (
    Rule(figure=2, article="C. conso. L137-2", from_on=REFORM_ON, until_on=CONSUMER_CODE_ON),
    Rule(figure=2, article="C. conso. L218-2", from_on=CONSUMER_CODE_ON),
)
# Years, by the day the line fell due.  A restart is as long as the first period (C. civ. 2231).
DELAY_YEARS: Mapping[LineKind, Sequence[Rule[int]]] = {
    LineKind.SERVICE: (Rule(figure=1, article="CPCE L34-2 al. 2", from_on=date(2004, 7, 10)),),
    LineKind.TERMINATION_FEE: tuple(
        replace(rule, article=f"{rule.article}; Cass. com. 29 mars 2023 n° 21-23.104")
        for rule in _TWO_CONSUMER_YEARS
    ),
    LineKind.EQUIPMENT: _TWO_CONSUMER_YEARS,
}
# What is due of a fee for collecting without an enforceable title, by the day it is asked for.
FEE_DUE_CENTS: Sequence[Rule[int]] = (
    Rule(
        figure=0,
        article="Loi 91-650 art. 32 al. 3",
        from_on=date(1993, 1, 1),
        until_on=date(2012, 6, 1),
    ),
    Rule(
        figure=0,
        article="CPCEx L111-8 al. 2",
        from_on=date(2012, 6, 1),
        until_on=CONSUMER_CODE_ON,
    ),
    Rule(figure=0, article="CPCEx L111-8 al. 2; C. conso. L121-21", from_on=CONSUMER_CODE_ON),
)


def _since_reform(effect: Effect, article: str) -> Sequence[Rule[Effect]]:
    return (Rule(figure=effect, article=article, from_on=REFORM_ON),)


# By the day of the event.
EFFECTS: Mapping[EventKind, Sequence[Rule[Effect]]] = {
    EventKind.PAYMENT: _since_reform(Effect.RESTARTS, "C. civ. 2240, 2231"),
    EventKind.ACKNOWLEDGEMENT: _since_reform(Effect.RESTARTS, "C. civ. 2240, 2231"),
    EventKind.PLAN_REQUEST: _since_reform(
        Effect.RESTARTS, "C. civ. 2240, 2231; Cass. 2e civ. 3 juil. 2014 n° 13-17.449"
    ),
    EventKind.COURT_CLAIM: _since_reform(Effect.RESTARTS, "C. civ. 2241, 2242, 2231"),
    EventKind.REMINDER: _since_reform(
        Effect.NOTHING, "Cass. 2e civ. 14 mai 2009 n° 08-17.063; C. conso. L218-1"
    ),
    EventKind.FORMAL_NOTICE: _since_reform(
        Effect.NOTHING, "Cass. com. 18 mai 2022 n° 20-23.204; C. conso. L218-1"
    ),
    EventKind.MEDIATION: _since_reform(Effect.STOPS, "C. civ. 2238, 2230"),
}
# Months left at least when a mediation ends, by the day it began.
MONTHS_LEFT_MIN: Sequence[Rule[int]] = (Rule(figure=6, article="C. civ. 2238", from_on=REFORM_ON),)
# A line closer than this to its last live day is handled as if it were already limited.
NEAR_LIMIT_DAYS: Sequence[Rule[int]] = (
    Rule(figure=60, article="House rule, docs/rules/limitation.md", from_on=REFORM_ON),
)
# Acts of the debtor which, after the last live day, may be read as giving up the defence.
RENUNCIATION_ARTICLE = "C. civ. 2250, 2251; Cass. com. 7 juil. 2009 n° 08-13.499"
DEBTOR_ACTS = frozenset({EventKind.PAYMENT, EventKind.ACKNOWLEDGEMENT, EventKind.PLAN_REQUEST})
LASTING = frozenset({EventKind.MEDIATION, EventKind.COURT_CLAIM})
