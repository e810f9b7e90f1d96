"""Lays a sheet out as an accessible PDF (PDF/UA-1), from the same HTML."""

from services.recharges.printing import html
from services.recharges.printing.html import Paper
from services.recharges.printing.sheet import Sheet


def render(sheet: Sheet) -> bytes:
    """Return the document; it takes tenths of a second of one core, so call it off the engine."""
    # Imported here because it costs half a second and tens of megabytes, which a process that
    # prints no PDF need not pay.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    page = HTML(
        string=html.render(sheet, paper=Paper.A5),
        # A page refers to nothing; were something to slip in, it would still be fetched by nobody.
        url_fetcher=URLFetcher(allowed_protocols=()),
    )
    document: bytes = page.write_pdf(pdf_variant="pdf/ua-1")
    return document
