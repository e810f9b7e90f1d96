"""Cases and what belongs to them, as rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis import queries
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.money import Cents
from services.mediation.domain import offer as offers
from services.mediation.domain.case import Case, Status, UnknownCase
from services.mediation.domain.closing import Outcome
from services.mediation.domain.debt_line import DebtLine
from services.mediation.domain.entitlement import Entitlement
from services.mediation.domain.limitation import Event
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.mandate import Mandate, UnknownMandate
from services.mediation.domain.offer import Offer, UnknownOffer
from services.mediation.domain.plan import Instalment
from services.mediation.domain.rule import Rule

SQL = queries.load("services.mediation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who did what to a case, and when."""

    step: str
    happened_at: datetime
    user_id: UUID


def lock_case(tx: Transaction, case_id: UUID) -> Case:
    """Lock a case and read it whole."""
    return _read(tx, case_id, tx.execute(SQL["lock_case"], {"case_id": case_id}).fetchone())


def find_case(tx: Transaction, case_id: UUID) -> Case:
    """Read a case whole, without a lock."""
    return _read(tx, case_id, tx.execute(SQL["find_case"], {"case_id": case_id}).fetchone())


def find_case_of_mandate(tx: Transaction, mandate_id: UUID) -> UUID:
    """Return the case that a mandate belongs to."""
    row = tx.execute(SQL["find_case_of_mandate"], {"mandate_id": mandate_id}).fetchone()
    if row is None:
        raise UnknownMandate
    case_id: UUID = row["case_id"]
    return case_id


def find_case_of_offer(tx: Transaction, offer_id: UUID) -> UUID:
    """Return the case that an offer belongs to."""
    row = tx.execute(SQL["find_case_of_offer"], {"offer_id": offer_id}).fetchone()
    if row is None:
        raise UnknownOffer
    case_id: UUID = row["case_id"]
    return case_id


def list_steps(tx: Transaction, case_id: UUID) -> list[Step]:
    """Return a case's history, oldest first."""
    return [Step(**row) for row in tx.execute(SQL["list_case_events"], {"case_id": case_id})]


def lock_entitlements(tx: Transaction, person_refs: Sequence[UUID]) -> list[Entitlement]:
    """Return what was last told of a person under each reference; openings for them take turns."""
    rows = tx.execute(SQL["lock_entitlements"], {"person_refs": person_refs})
    return [Entitlement(**row) for row in rows]


def find_open_case(tx: Transaction, *, person_refs: Sequence[UUID], site_code: str) -> UUID | None:
    """Return a case of a person, under any of their references, that is open at a site."""
    values = {"person_refs": person_refs, "site_code": site_code}
    row = tx.execute(SQL["find_open_case"], values).fetchone()
    return None if row is None else row["case_id"]


def list_cases(
    tx: Transaction,
    *,
    site_codes: Sequence[str] | None,
    status: Status | None,
    after: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """List the cases of some sites or of all, oldest first, and one more than the limit."""
    return tx.execute(
        SQL["list_cases"],
        {
            "site_codes": site_codes,
            "status": status,
            "after": after,
            "limit": limit + 1,
        },
    ).fetchall()


def list_rates(tx: Transaction) -> list[Rule[Decimal]]:
    """Return the legal rates of interest, oldest first."""
    return [Rule(**row) for row in tx.execute(SQL["list_rates"])]


def add_rate(tx: Transaction, rate: Rule[Decimal]) -> None:
    """Add the rate of one more half-year."""
    tx.execute(
        SQL["add_rate"],
        {
            "from_on": rate.from_on,
            "until_on": rate.until_on,
            "percent": rate.figure,
            "article": rate.article,
        },
    )


def learn_entitlements(tx: Transaction, told: Sequence[tuple[Entitlement, int]]) -> None:
    """Remember who is entitled, each by the sequence of its fact: an older one changes nothing."""
    tx.execute(
        SQL["learn_entitlements"],
        {
            "person_refs": [each.person_ref for each, _ in told],
            "from_days": [each.from_on for each, _ in told],
            "until_days": [each.until_on for each, _ in told],
            "sequences": [sequence for _, sequence in told],
        },
    )


def add_case(tx: Transaction, case: Case) -> None:
    """Write down a case that has just been opened."""
    tx.execute(
        SQL["add_case"],
        {
            "case_id": case.case_id,
            "site_code": case.site_code,
            "person_ref": case.person_ref,
            "opened_on": case.opened_on,
            "admissible_on": case.over_indebtedness_admissible_on,
        },
    )


def save_case(tx: Transaction, before: Case, after: Case, *, day: date, now: datetime) -> None:
    """Write down what a command changed in a case; the case itself last, for it may be closed."""
    _save_mandates(tx, before, after)
    _save_lines(tx, before, after, day=day)
    _save_offers(tx, before, after)
    tx.execute(
        SQL["save_case"],
        {
            "case_id": after.case_id,
            "status": after.status,
            "outcome": after.outcome,
            "admissible_on": after.over_indebtedness_admissible_on,
            "closed_at": now if after.status is Status.CLOSED else None,
        },
    )


def add_step(
    tx: Transaction,
    case_id: UUID,
    *,
    step: str,
    happened_at: datetime,
    user_id: UUID,
    details: Mapping[str, object],
) -> None:
    """Write down who did what to a case, for ever."""
    tx.execute(
        SQL["add_case_event"],
        {
            "case_id": case_id,
            "step": step,
            "happened_at": happened_at,
            "user_id": user_id,
            "details": Jsonb({name: str(value) for name, value in details.items()}),
        },
    )


def _save_mandates(tx: Transaction, before: Case, after: Case) -> None:
    known = {mandate.mandate_id: mandate for mandate in before.mandates}
    for mandate in after.mandates:
        if mandate.mandate_id not in known:
            tx.execute(
                SQL["add_mandate"],
                {
                    "mandate_id": mandate.mandate_id,
                    "case_id": after.case_id,
                    "operators": sorted(mandate.operators),
                    "signed_on": mandate.signed_on,
                    "until_on": mandate.until_on,
                    "client_reference": mandate.client_reference,
                },
            )
        elif mandate != known[mandate.mandate_id]:
            tx.execute(
                SQL["revoke_mandate"],
                {"mandate_id": mandate.mandate_id, "revoked_on": mandate.revoked_on},
            )


def _save_lines(tx: Transaction, before: Case, after: Case, *, day: date) -> None:
    known = {line.line_id: line for line in before.lines}
    for line in after.lines:
        was = known.get(line.line_id)
        if was is None:
            tx.execute(
                SQL["add_line"],
                {
                    "line_id": line.line_id,
                    "case_id": after.case_id,
                    "operator": line.operator,
                    "kind": line.kind,
                    "label": line.label,
                    "claimed_cents": line.claimed_cents,
                    "due_cents": line.due_cents,
                    "due_on": line.due_on,
                    "born_on": line.born_on,
                    "added_on": day,
                },
            )
        elif line.agreed_cents != was.agreed_cents:
            tx.execute(
                SQL["settle_line"], {"line_id": line.line_id, "agreed_cents": line.agreed_cents}
            )
        _add_events(tx, line, known_count=len(was.events) if was else 0)


def _add_events(tx: Transaction, line: DebtLine, *, known_count: int) -> None:
    fresh = line.events[known_count:]
    if fresh:
        tx.execute(
            SQL["add_line_events"],
            {
                "line_id": line.line_id,
                "known_count": known_count,
                "kinds": [event.kind for event in fresh],
                "happened_days": [event.on for event in fresh],
                "until_days": [event.until_on for event in fresh],
            },
        )


def _save_offers(tx: Transaction, before: Case, after: Case) -> None:
    known = {offer.offer_id: offer for offer in before.offers}
    for offer in after.offers:
        if offer.offer_id not in known:
            _add_offer(tx, after.case_id, offer)
        elif offer != known[offer.offer_id]:
            tx.execute(
                SQL["answer_offer"],
                {
                    "offer_id": offer.offer_id,
                    "state": offer.state,
                    "answered_on": offer.answered_on,
                    "person_signed_on": offer.person_signed_on,
                },
            )


def _add_offer(tx: Transaction, case_id: UUID, offer: Offer) -> None:
    tx.execute(
        SQL["add_offer"],
        {
            "offer_id": offer.offer_id,
            "case_id": case_id,
            "operator": offer.operator,
            "kind": offer.kind,
            "maker": offer.maker,
            "amount_cents": offer.amount_cents,
            "made_on": offer.made_on,
            "counter_to": offer.counter_to,
            "override_reason": offer.override_reason,
        },
    )
    tx.execute(
        SQL["add_offer_lines"], {"offer_id": offer.offer_id, "line_ids": sorted(offer.line_ids)}
    )
    if offer.instalments:
        tx.execute(
            SQL["add_instalments"],
            {
                "offer_id": offer.offer_id,
                "due_days": [each.due_on for each in offer.instalments],
                "amounts_cents": [each.amount_cents for each in offer.instalments],
            },
        )


def note_access(
    tx: Transaction, caller: Caller, case_ids: Sequence[UUID], *, what: str, now: datetime
) -> None:
    """Write down that a caller read cases; who changes one stands in its steps."""
    if case_ids:
        values = {
            "at": now,
            "case_ids": sorted(case_ids),
            "what": what,
            "by_user_id": caller.user_id,
            "by_role": caller.role,
            "site_codes": sorted(caller.site_codes),
        }
        tx.execute(SQL["add_accesses"], values)


def list_accesses(
    tx: Transaction, case_id: UUID, *, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """List a page of who read a case, the newest first."""
    values = {"case_id": case_id, "after": after, "limit": limit}
    return tx.execute(SQL["list_accesses"], values).fetchall()


def drop_accesses(tx: Transaction, *, now: datetime, today: date, limit: int) -> int:
    """Drop accesses of months that are over long enough; return how many."""
    return tx.execute(SQL["drop_accesses"], {"now": now, "today": today, "limit": limit}).rowcount


def _read(tx: Transaction, case_id: UUID, row: dict[str, Any] | None) -> Case:
    if row is None:
        raise UnknownCase
    key = {"case_id": case_id}
    events: dict[UUID, list[Event]] = defaultdict(list)
    for each in tx.execute(SQL["list_line_events"], key):
        events[each["line_id"]].append(
            Event(kind=EventKind(each["kind"]), on=each["happened_on"], until_on=each["until_on"])
        )
    instalments: dict[UUID, list[Instalment]] = defaultdict(list)
    for each in tx.execute(SQL["list_instalments"], key):
        instalments[each["offer_id"]].append(
            Instalment(due_on=each["due_on"], amount_cents=Cents(each["amount_cents"]))
        )
    return Case(
        case_id=case_id,
        site_code=row["site_code"],
        person_ref=row["person_ref"],
        opened_on=row["opened_on"],
        status=Status(row["status"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        over_indebtedness_admissible_on=row["admissible_on"],
        mandates=tuple(
            Mandate(**each | {"operators": frozenset(each["operators"])})
            for each in tx.execute(SQL["list_mandates"], key)
        ),
        lines=tuple(
            DebtLine(
                **each | {"kind": LineKind(each["kind"]), "events": tuple(events[each["line_id"]])}
            )
            for each in tx.execute(SQL["list_lines"], key)
        ),
        offers=tuple(
            _offer(each, instalments[each["offer_id"]])
            for each in tx.execute(SQL["list_offers"], key)
        ),
    )


def _offer(row: dict[str, Any], instalments: Sequence[Instalment]) -> Offer:
    return Offer(
        **row
        | {
            "kind": offers.Kind(row["kind"]),
            "maker": offers.Maker(row["maker"]),
            "state": offers.State(row["state"]),
            "line_ids": frozenset(row["line_ids"]),
            "instalments": tuple(instalments),
        }
    )
