"""What donations does when asked.  Each function is one transaction: load, decide, save, tell."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from kernel.refusal import Forbidden, Refusal
from services.donations import api, events, store
from services.donations.domain import option_report as domain
from services.donations.domain import report_file

REPORTS_LISTED_MAX = 500


class OperatorNotYours(Forbidden):
    """You may not see or send the reports of the operator {operator}."""

    code = "donations.operator.not_yours"


class UnknownOperator(Refusal):
    """Line {line}: the network works with no operator {operator}. Allowed: {allowed}."""

    code = "donations.operator.unknown"


class FileAlreadyTaken(Refusal):
    """This very file was already taken, as the report of {period}."""

    code = "donations.report.file_already_taken"


class PeriodAlreadyReported(Refusal):
    """The operator {operator} has already reported {period}."""

    code = "donations.report.period_already_reported"


class LineAlreadyReported(Refusal):
    """Line {line} was already in the report of {period}."""

    code = "donations.report.line_already_reported"


def take_option_report(
    tx: Transaction,
    content: bytes,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
) -> api.OptionReport:
    """Take an operator's monthly file, all of it or nothing."""
    report = report_file.read(content)
    _require_operator(caller, operator=report.operator)
    store.see_operator(tx, report.operator)
    if not store.lock_operator(tx, report.operator):
        allowed = ", ".join(store.list_operators(tx))
        raise UnknownOperator(line=1, operator=report.operator, allowed=allowed)
    file_sha256 = hashlib.sha256(content).digest()
    _refuse_repetition(tx, report, file_sha256=file_sha256)

    totals = domain.check(report, caps=store.list_caps(tx), today=business_date(now))
    _refuse_reported_line(tx, report)
    elsewhere = domain.reversals_not_billed_here(report.lines)
    taken = store.StoredReport(
        report_id=new_id(),
        operator=report.operator,
        period=report.period,
        file_sha256=file_sha256,
        totals=totals,
        unmatched_reversals=len(elsewhere)
        - store.count_billed(tx, elsewhere, operator=report.operator),
        imported_by=caller.user_id,
        imported_at=now,
    )

    store.add_report(tx, taken, lines=report.lines)
    answer = _answer(taken)
    fact = events.OptionReported(**answer.model_dump(exclude={"unmatched_reversals"}))
    outbox.append(
        tx, [fact.tell(id=new_id(), subject=str(taken.report_id), site=events.SITE, at=now)]
    )
    return answer


def list_option_reports(
    tx: Transaction, *, caller: Caller, operator: str | None
) -> api.OptionReports:
    """List the newest reports and the totals of each operator the caller may see."""
    seen = operator if caller.role == "admin" else operator or caller.operator or ""
    _require_operator(caller, operator=seen)
    store.see_operator(tx, seen)
    reports = store.list_reports(tx, operator=seen, count_max=REPORTS_LISTED_MAX)
    return api.OptionReports(
        reports=[api.OptionReport(**_named_lines(row)) for row in reports],
        operators=[
            api.OperatorTotals(**_named_lines(row)) for row in store.sum_reports(tx, operator=seen)
        ],
    )


def _require_operator(caller: Caller, *, operator: str | None) -> None:
    if caller.role != "admin" and caller.operator != operator:
        raise OperatorNotYours(operator=operator)


def _refuse_repetition(tx: Transaction, report: domain.Report, *, file_sha256: bytes) -> None:
    earlier = store.find_earlier_report(
        tx, operator=report.operator, period=report.period, file_sha256=file_sha256
    )
    if earlier is None:
        return
    if earlier.same_file:
        raise FileAlreadyTaken(period=str(earlier.period))
    raise PeriodAlreadyReported(operator=report.operator, period=str(earlier.period))


def _refuse_reported_line(tx: Transaction, report: domain.Report) -> None:
    reported = store.find_reported_line(tx, report.lines, operator=report.operator)
    if reported is not None:
        line, period = reported
        raise LineAlreadyReported(line=line, period=period)


def _answer(taken: store.StoredReport) -> api.OptionReport:
    return api.OptionReport(
        report_id=taken.report_id,
        operator=taken.operator,
        period=str(taken.period),
        lines=taken.totals.count,
        billed_cents=taken.totals.billed_cents,
        reversed_cents=taken.totals.reversed_cents,
        adjusted_cents=taken.totals.adjusted_cents,
        total_cents=taken.totals.total_cents,
        unmatched_reversals=taken.unmatched_reversals,
    )


def _named_lines(row: dict[str, Any]) -> dict[str, Any]:
    """Name the count of lines as the interface does."""
    return {"lines" if name == "line_count" else name: value for name, value in row.items()}
