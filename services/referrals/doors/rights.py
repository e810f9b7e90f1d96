"""What a person may ask, to see what is held on them or be forgotten; and the calendar's part."""

from datetime import timedelta
from functools import cache
from uuid import UUID

from prometheus_client import Gauge

from chassis import clock, http, metrics
from chassis.consume import consume
from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.ids import new_id
from chassis.resources import DatabaseProvider
from chassis.shapes import Reply
from chassis.timer import every
from chassis.topology import Topology
from kernel.envelope import Envelope
from services.referrals import events
from services.referrals.api import rights as api
from services.referrals.domain.erasure import ExportNotReady, Reason
from services.referrals.doors import EXPORTERS, MANAGERS
from services.referrals.doors.vault import export_safe, trace_digest
from services.referrals.handlers import accesses, erasing, exporting, retaining
from services.referrals.handlers.erasing import ErasureTerms
from services.referrals.handlers.exporting import ExportTerms
from services.referrals.printing import export_sheet, pdf
from services.referrals.settings import current
from services.referrals.store import erasures as erasure_rows
from services.referrals.store import exports as export_rows

_WATCH_S = 5.0
_CALENDAR_S = 600.0
_ANSWERED = ".export.answered.v1"
_ACKNOWLEDGED = ".erasure.acknowledged.v1"
#: Every service but this one holds something on people, or says that it does not.
_OTHERS = ("accounts", "donations", "equipment", "mediation", "recharges", "settlement")

_overdue = Gauge(
    "relais_erasure_receipts_overdue",
    "Receipts of erasures that services have owed for too long",
    registry=metrics.registry,
)


class RightsDoors:
    """Exports, erasures, retention, and who looked at whom."""

    database: DatabaseProvider

    @http.query(
        "GET",
        "/v1/people/<uuid:person_ref>/export",
        answers={200: api.ExportReady, 202: api.ExportAsked},
        allow=EXPORTERS,
    )
    def export_person(self, tx: Transaction, call: Call, person_ref: UUID) -> Reply:
        """Show all that the network holds on a person (200), or who has yet to answer (202)."""
        found = _export(tx, call, person_ref)
        return Reply(answer=found, status=202 if isinstance(found, api.ExportAsked) else 200)

    @http.door(
        "GET",
        "/v1/people/<uuid:person_ref>/export.pdf",
        answer=http.Bytes("application/pdf"),
        allow=EXPORTERS,
    )
    def print_export(self, call: Call, person_ref: UUID) -> bytes:
        """Print the export, once it is ready; asking for it starts one as well."""
        with self.database.transaction() as tx:
            found = _export(tx, call, person_ref)
        if isinstance(found, api.ExportAsked):
            raise ExportNotReady(services=", ".join(found.missing))
        page = export_sheet.to_html(
            found.services, too_large=found.too_large, ready_at=found.ready_at
        )
        return pdf.render(page)

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/erasure",
        body=api.ErasePerson,
        answer=api.Erasure,
        allow=MANAGERS,
    )
    def erase_person(
        self, tx: Transaction, call: Call, body: api.ErasePerson, person_ref: UUID
    ) -> api.Erasure:
        """Erase a person's identity, and have every service forget words about them.

        Asked again, every service goes over it again, under the same erasure.
        """
        return erasing.erase_person(
            tx,
            person_ref,
            meant=body.person_refs,
            reason=Reason(body.reason),
            caller=call.caller,
            now=call.now,
            new_id=call.new_id,
            terms=erasure_terms(),
        )

    @http.query(
        "GET",
        "/v1/erasures",
        query=api.ErasurePage,
        answer=list[api.Erasure],
        allow=MANAGERS,
    )
    def list_erasures(
        self, tx: Transaction, call: Call, page: api.ErasurePage
    ) -> Paged[api.Erasure]:
        """List erasures with the receipts that have come and the services that owe one."""
        terms = erasure_terms()
        return erasing.list_erasures(tx, page, caller=call.caller, now=call.now, terms=terms)

    @http.query(
        "GET",
        "/v1/people/<uuid:person_ref>/accesses",
        query=api.AccessPage,
        answer=list[api.Access],
        allow=MANAGERS,
    )
    def list_accesses(
        self, tx: Transaction, call: Call, page: api.AccessPage, person_ref: UUID
    ) -> Paged[api.Access]:
        """List who read or wrote the identity of a person."""
        return accesses.list_accesses(tx, person_ref, page, caller=call.caller)

    @http.query(
        "GET", "/v1/retention", query=api.NoticePage, answer=list[api.Notice], allow=MANAGERS
    )
    def list_notices(self, tx: Transaction, call: Call, page: api.NoticePage) -> Paged[api.Notice]:
        """List who will be erased because they have not come for long, and when."""
        return retaining.list_notices(tx, page, caller=call.caller)

    @consume(*(service + _ANSWERED for service in _OTHERS), batch_max=10)
    def on_export_answered(self, tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        """Put exports together."""
        return exporting.take_answers(tx, facts, now=clock.now(), safe=export_safe())

    @consume(*(service + _ACKNOWLEDGED for service in _OTHERS))
    def on_erasure_acknowledged(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Keep the receipts of erasures."""
        erasing.take_receipts(tx, facts)

    @consume(events.PersonSeen.TYPE, "mediation.case.opened.v1", "mediation.case.closed.v1")
    def on_person_seen(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Know who has come lately, and whose mediation case is open."""
        retaining.hear_contacts(tx, facts)

    @every(_WATCH_S)
    def watch_receipts(self, tx: Transaction) -> None:
        """Count the receipts that are overdue, and delete exports that are over."""
        now = clock.now()
        before = now - erasure_terms().receipt_within
        _overdue.set(erasure_rows.count_missing_receipts(tx, before=before))
        kept = timedelta(days=current().export_days_max)
        export_rows.delete_old_exports(tx, now=now, ready_before=now - kept)

    @every(_CALENDAR_S)
    def keep_to_the_calendar(self, tx: Transaction) -> None:
        """Give notice, erase whose notice is over, and drop what was kept long enough."""
        now = clock.now()
        retaining.erase_stale(tx, now=now, new_id=new_id, terms=erasure_terms())
        retaining.give_notice(tx, now=now, new_id=new_id)
        retaining.drop_what_is_old(tx, now=now)


def _export(tx: Transaction, call: Call, person_ref: UUID) -> api.ExportReady | api.ExportAsked:
    return exporting.export_person(
        tx,
        person_ref,
        caller=call.caller,
        now=call.now,
        new_id=call.new_id,
        terms=_export_terms(),
    )


@cache
def _export_terms() -> ExportTerms:
    settings = current()
    return ExportTerms(
        services=Topology.read().services_hearing(events.ExportRequested.TYPE),
        answer_within=timedelta(hours=settings.export_answer_hours_max),
        fresh_for=timedelta(hours=settings.export_fresh_hours),
        safe=export_safe(),
    )


@cache
def erasure_terms() -> ErasureTerms:
    """Who forgets, how soon, and how traces are made."""
    return ErasureTerms(
        services=Topology.read().services_hearing(events.PersonErased.TYPE),
        receipt_within=timedelta(seconds=current().erasure_receipt_seconds_max),
        digest=trace_digest(),
    )
