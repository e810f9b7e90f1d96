"""What settlement does when it hears or is asked.  Each function is one transaction."""

from collections.abc import Callable, Collection, Iterable

from chassis.auth import Caller
from chassis.db import Transaction
from kernel.envelope import Envelope
from kernel.period import Month
from kernel.refusal import Forbidden, Invalid, NotFound
from services.settlement import api, events, store
from services.settlement.domain import posting, statement
from services.settlement.domain.account import CHART, Account, balance


class OperatorNotYours(Forbidden):
    """You may not see the ledger of the operator {operator}."""

    code = "settlement.operator.not_yours"


class OperatorUnknown(NotFound):
    """Nothing was ever posted for an operator {operator}."""

    code = "settlement.operator.unknown"


class PeriodUnknown(NotFound):
    """Nothing was posted for {operator} in {period}."""

    code = "settlement.period.unknown"


class PeriodMalformed(Invalid):
    """A period is a month written YYYY-MM, not {period}."""

    code = "settlement.period.malformed"


class DaysReversed(Invalid):
    """The period must begin before it ends."""

    code = "settlement.ledger.days_reversed"


def post(
    tx: Transaction,
    facts: Iterable[Envelope],
    *,
    read: Callable[[Envelope], posting.Occurrence],
) -> None:
    """Post facts of one kind, read as `reading` says; those that are there change nothing."""
    entries = [entry for fact in facts for entry in posting.post(read(fact))]
    store.see_operator(tx, None)
    store.post_entries(tx, entries)


def keep_anchors(tx: Transaction, facts: Iterable[Envelope]) -> None:
    """Keep where the chains of tills end; refuse another hash for a record that is known."""
    store.keep_anchors(
        tx,
        [
            each
            for fact in facts
            for each in events.TillClosed.hear(fact).all_anchors(told_at=fact.time)
        ],
    )


def read_period(tx: Transaction, *, caller: Caller, operator: str, period: str) -> api.Period:
    """Draw up an operator's statement of a month for someone who may see it."""
    month = parse_period(period)
    _show(tx, caller=caller, operator=operator)
    sites = caller.site_codes if caller.role == "site_manager" else None
    return draw_up_period(tx, operator=operator, period=month, sites=sites)


def draw_up_period(
    tx: Transaction, *, operator: str, period: Month, sites: Collection[str] | None = None
) -> api.Period:
    """Draw up an operator's statement of a month, with the details of some sites or of all.

    A month of which nothing is known has none: nobody should take silence for zeros.
    """
    if not store.knows_operator(tx, operator):
        raise OperatorUnknown(operator=operator)
    if not store.knows_operator(tx, operator, period=period):
        raise PeriodUnknown(operator=operator, period=str(period))
    drawn = statement.state(
        store.sum_period(tx, operator=operator, period=period),
        unequal=[
            *store.list_unequal_entries(tx, operator=operator, period=period),
            *store.list_unequal_days(tx, operator=operator, period=period),
        ],
    )
    credits = store.list_sites(tx, operator=operator, period=period)
    takings = store.list_takings(tx, operator=operator, period=period)
    return api.Period.draw_up(
        drawn,
        operator=operator,
        period=str(period),
        credits=[site for site in credits if sites is None or site.site_code in sites],
        takings=[day for day in takings if sites is None or day.site_code in sites],
    )


def parse_period(text: str) -> Month:
    """Read `YYYY-MM`; refuse anything else, and the month that has no next one."""
    try:
        month = Month.parse(text)
        month.next()
    except ValueError:
        raise PeriodMalformed(period=text[:40]) from None
    return month


def list_ledger(tx: Transaction, *, caller: Caller, asked: api.LedgerQuery) -> api.Ledger:
    """List the balance of each account the caller may see."""
    if asked.from_on and asked.until_on and asked.from_on >= asked.until_on:
        raise DaysReversed()
    operator = asked.operator or (caller.operator if caller.role == "operator_partner" else None)
    _show(tx, caller=caller, operator=operator)
    rows = store.list_accounts(
        tx,
        operator=operator,
        site_codes=_sites(caller, asked.site_code),
        from_on=asked.from_on,
        until_on=asked.until_on,
    )
    return api.Ledger(
        from_on=asked.from_on,
        until_on=asked.until_on,
        accounts=[_balance(**row) for row in rows],
    )


def _show(tx: Transaction, *, caller: Caller, operator: str | None) -> None:
    """Let a partner's transaction see its own lines and no others; staff see all operators'."""
    if caller.role != "operator_partner":
        store.see_operator(tx, None)
        return
    if not caller.operator or operator != caller.operator:
        raise OperatorNotYours(operator=operator or "")
    store.see_operator(tx, caller.operator)


def _sites(caller: Caller, site_code: str | None) -> frozenset[str] | None:
    if caller.role == "site_manager":
        if site_code is None:
            return caller.site_codes
        caller.require_site(site_code)
    return None if site_code is None else frozenset((site_code,))


def _balance(
    *,
    operator: str,
    site_code: str,
    account: str,
    debit_cents: int,
    credit_cents: int,
    debit_count: int,
    credit_count: int,
) -> api.Balance:
    name = Account(account)
    return api.Balance(
        operator=operator,
        site_code=site_code,
        account=name,
        unit=CHART[name].unit,
        debit_cents=debit_cents,
        credit_cents=credit_cents,
        balance_cents=balance(name, debit=debit_cents, credit=credit_cents),
        balance_count=balance(name, debit=debit_count, credit=credit_count),
    )
