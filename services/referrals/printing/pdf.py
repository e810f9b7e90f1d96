"""Pages of HTML as accessible documents (PDF/UA-1)."""

from functools import cache

import jinja2


def render(page: str) -> bytes:
    """Return the document; it takes tenths of a second of one core, so call it off the engine."""
    # Imported here because it costs half a second and tens of megabytes, which a process that
    # prints no PDF need not pay.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # What a page shows is in the page itself; nothing is fetched from anywhere.
    made = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=("data",)))
    document: bytes = made.write_pdf(pdf_variant="pdf/ua-1")
    return document


@cache
def template(name: str) -> jinja2.Template:
    """Return one of our pages; every text put into it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("services.referrals.printing"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
