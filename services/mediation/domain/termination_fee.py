"""The fee for ending a contract early: the most an operator may ask, and the strict reading.

    commitment and moment                    fee                               strict reading
    over, or none                            0                                 0
    over-indebted, signed since 2023         0                                 0
    at most twelve months                    every remaining instalment        the same
    longer, from the end of month 12         a share of what remains           the same
    longer, before the end of month 12       the rest of the first twelve      every remaining
                                             months, and a share after them    instalment

The share depends on the day of signature.  A fraction of a cent is dropped: a maximum is never
rounded up against the person.  See docs/rules/termination-fee.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kernel.money import Cents
from kernel.refusal import Refusal
from services.mediation.domain.rule import Basis, Rule, in_force


class NegativeAmount(Refusal):
    """The monthly price cannot be negative."""

    code = "mediation.termination_fee.negative_amount"


class NegativeMonths(Refusal):
    """A number of months cannot be negative."""

    code = "mediation.termination_fee.negative_months"


class FeeFlag(StrEnum):
    """What a mediator must see beside the figure."""

    COMMITMENT_OVER_MAXIMUM = "commitment_over_maximum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Percent of the remaining instalments that may be asked after the first twelve months."""

    subsidised_percent: int
    unsubsidised_percent: int


CHATEL_ON = date(2008, 6, 1)
CONSUMER_CODE_ON = date(2016, 7, 1)
PURCHASING_POWER_ON = date(2023, 1, 1)

# All by the day of signature.
SHARE: Sequence[Rule[Share]] = (
    Rule(
        figure=Share(subsidised_percent=25, unsubsidised_percent=25),
        article="C. conso. L121-84-6",
        from_on=CHATEL_ON,
        until_on=CONSUMER_CODE_ON,
    ),
    Rule(
        figure=Share(subsidised_percent=25, unsubsidised_percent=25),
        article="C. conso. L224-28 II",
        from_on=CONSUMER_CODE_ON,
        until_on=PURCHASING_POWER_ON,
    ),
    Rule(
        figure=Share(subsidised_percent=20, unsubsidised_percent=0),
        article="C. conso. L224-28 II (loi 2022-1158 art. 15)",
        from_on=PURCHASING_POWER_ON,
    ),
)
# Months whose instalments may be asked in full.
FULL_MONTHS: Sequence[Rule[int]] = (
    Rule(figure=12, article="C. conso. L121-84-6", from_on=CHATEL_ON, until_on=CONSUMER_CODE_ON),
    Rule(figure=12, article="C. conso. L224-28 II", from_on=CONSUMER_CODE_ON),
)
COMMITMENT_MONTHS_MAX: Sequence[Rule[int]] = (
    Rule(figure=24, article="C. conso. L121-84-6", from_on=CHATEL_ON, until_on=CONSUMER_CODE_ON),
    Rule(figure=24, article="C. conso. L224-28 I", from_on=CONSUMER_CODE_ON),
)
# Whether an over-indebted consumer may leave without any fee.
FREE_FOR_OVER_INDEBTED: Sequence[Rule[bool]] = (
    Rule(figure=False, article="—", from_on=CHATEL_ON, until_on=PURCHASING_POWER_ON),
    Rule(figure=True, article="C. conso. L224-37-1, R224-59-1", from_on=PURCHASING_POWER_ON),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the fee depends on; `monthly_cents` is the price without promotion."""

    monthly_cents: Cents
    commitment_months: int
    elapsed_months: int
    signed_on: date
    subsidised_handset: bool
    over_indebted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminationFee:
    """The most that may be asked by usual practice, and by the reading that asks for most."""

    fee_cents: Cents
    strict_reading_cents: Cents
    flags: tuple[FeeFlag, ...]
    basis: tuple[Basis, ...]


def fee_of(contract: Contract) -> TerminationFee:
    """Work out the fee for ending a contract at the end of `elapsed_months`."""
    if contract.monthly_cents < 0:
        raise NegativeAmount
    if contract.commitment_months < 0 or contract.elapsed_months < 0:
        raise NegativeMonths
    maximum = in_force(COMMITMENT_MONTHS_MAX, day=contract.signed_on)
    flags: tuple[FeeFlag, ...] = ()
    basis: tuple[Basis, ...] = ()
    if contract.commitment_months > maximum.figure:
        flags = (FeeFlag.COMMITMENT_OVER_MAXIMUM,)
        sentence = (
            "A consumer may not be bound for more than {months} months: contest the months above."
        )
        basis = (
            _basis("commitment_over_maximum", maximum.article, sentence, months=maximum.figure),
        )
    fee_cents, strict_cents, reasons = _amounts(contract)
    return TerminationFee(
        fee_cents=Cents(fee_cents),
        strict_reading_cents=Cents(strict_cents),
        flags=flags,
        basis=(*basis, *reasons),
    )


def _amounts(contract: Contract) -> tuple[int, int, tuple[Basis, ...]]:
    free = in_force(FREE_FOR_OVER_INDEBTED, day=contract.signed_on)
    full = in_force(FULL_MONTHS, day=contract.signed_on)
    remaining = contract.commitment_months - contract.elapsed_months
    if remaining <= 0:
        over = _basis("no_commitment_left", full.article, "No commitment is left: no fee is due.")
        return 0, 0, (over,)
    if contract.over_indebted and free.figure:
        sentence = (
            "An over-indebted consumer owes no fee, if the contract was signed at least three"
            " months before the filing and the notice of admissibility is attached."
        )
        return 0, 0, (_basis("over_indebted", free.article, sentence),)
    all_cents = contract.monthly_cents * remaining
    if contract.commitment_months <= full.figure:
        sentence = (
            "Commitment of at most {months} months: what remains is due, {remaining:month|months}."
        )
        short = _basis(
            "short_commitment", full.article, sentence, months=full.figure, remaining=remaining
        )
        return all_cents, all_cents, (short,)
    return _long_commitment(contract, full=full, all_cents=all_cents)


def _long_commitment(
    contract: Contract, *, full: Rule[int], all_cents: int
) -> tuple[int, int, tuple[Basis, ...]]:
    share = in_force(SHARE, day=contract.signed_on)
    percent = (
        share.figure.subsidised_percent
        if contract.subsidised_handset
        else share.figure.unsubsidised_percent
    )
    before_months = max(0, full.figure - contract.elapsed_months)
    after_months = contract.commitment_months - max(full.figure, contract.elapsed_months)
    before_cents = contract.monthly_cents * before_months
    after_cents = contract.monthly_cents * after_months * percent // 100
    reasons = [
        _basis(
            "share_after_first_year",
            share.article,
            "{percent} % of {months:instalment|instalments} after month {full_months}:"
            " {share_cents}.",
            percent=percent,
            months=after_months,
            full_months=full.figure,
            share_cents=after_cents,
        )
    ]
    if before_months == 0:
        return after_cents, after_cents, tuple(reasons)
    reasons.insert(
        0,
        _basis(
            "rest_of_first_year",
            full.article,
            "{months:instalment|instalments} until month {full_months}: {rest_cents}.",
            months=before_months,
            full_months=full.figure,
            rest_cents=before_cents,
        ),
    )
    reasons.append(
        _basis(
            "strict_reading",
            "INC, node/15844",
            "Before month {full_months}, a strict reading asks for every remaining instalment:"
            " {strict_cents}.",
            full_months=full.figure,
            strict_cents=all_cents,
        )
    )
    return before_cents + after_cents, all_cents, tuple(reasons)


def _basis(rule: str, article: str, sentence: str, **values: object) -> Basis:
    return Basis(rule=rule, article=article, sentence=sentence, values=values)
