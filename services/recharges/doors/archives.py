"""The archive of a till's journal, for who has to hand it to an inspector."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any
from uuid import UUID

from chassis import http
from chassis.http import Call, Download
from chassis.resources import DatabaseProvider
from services.recharges.doors import SUPERVISORS
from services.recharges.doors.pens import pen_of
from services.recharges.handlers import archiving
from services.recharges.store import drawers

_MEDIA_TYPE = "application/x-ndjson"
_PART_BYTES = 64 * 1024
#: What is kept in memory; a longer archive goes through a file that has no name.
_IN_MEMORY_BYTES_MAX = 4 * 1024 * 1024


class ArchiveDoors:
    """Journals as files."""

    database: Any = DatabaseProvider()

    @http.door(
        "GET",
        "/v1/tills/<uuid:till_id>/archives/<int:year>",
        answer=http.Bytes(_MEDIA_TYPE),
        allow=SUPERVISORS,
    )
    def get_archive(self, call: Call, till_id: UUID, year: int) -> Download:
        """Write the fiscal archive of a year, as `relais recharges export-archive` does.

        `relais verify-archive` checks it anywhere.  The journal says that it was written: a
        record with the file's SHA-256, each time it is asked for.
        """
        pen = pen_of(call)
        with self.database.transaction() as tx:
            till = drawers.find_till(tx, till_id)
            call.caller.require_site(till["site_code"])
            header = archiving.plan(tx, till_id, year=year, pen=pen)
        written = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES_MAX)  # noqa: SIM115
        with self.database.transaction() as tx:
            archiving.export(tx, header, written, pen=pen)  # type: ignore[arg-type]
        return Download(
            parts=_parts(written),
            media_type=_MEDIA_TYPE,
            name=archiving.file_name(till, year=year),
        )


def _parts(written: Any) -> Iterator[bytes]:
    """Read a file out and close it: no transaction waits for whoever downloads slowly."""
    with written:
        written.seek(0)
        while part := written.read(_PART_BYTES):
            yield part
