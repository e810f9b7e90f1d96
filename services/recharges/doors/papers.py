"""Tickets and reports laid out on paper, outside of any transaction."""

import base64
import logging
from collections.abc import Callable, Sequence
from functools import cache

from chassis.shapes import File
from services.recharges import settings
from services.recharges.api.selling import Printed, TicketFormat
from services.recharges.domain.ticket import Ticket
from services.recharges.handlers.reports import Report
from services.recharges.printing import escpos, html, pdf, report_sheet, sms, ticket_sheet
from services.recharges.printing.sheet import Sheet

_log = logging.getLogger(__name__)

_TEXT, _PLAIN = "text/html; charset=utf-8", "text/plain; charset=utf-8"


def print_paper(paper: Ticket | Report, *, format: TicketFormat, language: str) -> File:
    """Lay a ticket, an X, a Z or a closing out; only a ticket is told in messages."""
    seller = settings.of_seller().seller
    if not isinstance(paper, Ticket):
        sheet = report_sheet.compose(paper, seller=seller, language=language)
        return _laid_out(sheet, format=format)
    if format == "sms":
        lines = "".join(f"{text}\n" for text in sms.messages(paper, language=language))
        return File(content=lines.encode(), media_type=_PLAIN)
    sheet = ticket_sheet.compose(paper, seller=seller, language=language)
    return _laid_out(sheet, format=format)


def _laid_out(sheet: Sheet, *, format: TicketFormat) -> File:
    if format == "pdf":
        return File(content=pdf.render(sheet), media_type="application/pdf")
    if format == "escpos":
        return File(content=escpos.render(sheet), media_type="application/octet-stream")
    return File(content=html.render(sheet).encode(), media_type=_TEXT)


def all_in_answer(
    read: Callable[[], Ticket | Report], *, formats: Sequence[TicketFormat], language: str
) -> tuple[Printed, ...]:
    """Return a paper in several formats, read once; those that cannot be printed are left out."""
    once = cache(read)
    made = (in_answer(once, format=format, language=language) for format in formats)
    return tuple(each for each in made if each is not None)


def in_answer(
    read: Callable[[], Ticket | Report], *, format: TicketFormat | None, language: str
) -> Printed | None:
    """Return a paper as a part of a JSON answer, where it was asked for and can be printed.

    What is stored is stored: a paper that fails must not keep the vouchers from the customer.
    """
    if format is None:
        return None
    try:
        file = print_paper(read(), format=format, language=language)
    except Exception as error:
        # Not its message: that may quote what was to be printed, a PIN with it.
        reason = type(error).__name__
        _log.error("a paper could not be printed", extra={"format": format, "reason": reason})
        return None
    is_text = file.media_type.startswith("text/")
    content = file.content.decode() if is_text else base64.b64encode(file.content).decode()
    return Printed(format=format, media_type=file.media_type, content=content)
