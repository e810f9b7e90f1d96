"""The donations service's entry points; no trade rule lives here."""

from chassis import http
from chassis.db import Transaction
from chassis.personal import PersonalData
from chassis.service import Service
from services.donations import api, handlers

# A report of several hundred thousand lines fits.
REPORT_BYTES_MAX = 32 * 1024 * 1024


class Donations(PersonalData, Service):
    """The 1 euro option at the HTTP door."""

    name = "donations"

    @http.command(
        "POST",
        "/v1/option-reports",
        body=http.Bytes("text/csv"),
        answer=api.OptionReport,
        status=201,
        allow=("operator_partner", "admin"),
        limit=REPORT_BYTES_MAX,
    )
    def take_option_report(
        self, tx: Transaction, call: http.Call, content: bytes
    ) -> api.OptionReport:
        """Take an operator's monthly report of the 1 euro option (CSV)."""
        return handlers.take_option_report(
            tx, content, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.query(
        "GET",
        "/v1/option-reports",
        query=api.WhichReports,
        answer=api.OptionReports,
        allow=("operator_partner", "admin"),
    )
    def list_option_reports(
        self, tx: Transaction, call: http.Call, which: api.WhichReports
    ) -> api.OptionReports:
        """List the newest reports, and the totals of each operator."""
        return handlers.list_option_reports(tx, caller=call.caller, operator=which.operator)


SERVICE = Donations
