"""The log of who did what to whose access."""

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.accounts.api import log as api
from services.accounts.doors.deeds import deed_of
from services.accounts.handlers import logs as handlers


class LogDoors:
    """The log."""

    @http.query("GET", "/v1/log", query=api.LogPage, answer=list[api.LogEntry], allow=("admin",))
    def list_log(self, tx: Transaction, call: Call, page: api.LogPage) -> Paged[api.LogEntry]:
        """List who did what to whose access, the newest first."""
        return handlers.list_entries(tx, page, deed=deed_of(call))
