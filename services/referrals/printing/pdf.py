"""Pages of HTML as accessible documents (PDF/UA-1)."""

from functools import cache

import jinja2

from chassis.press import press


def render(page: str) -> bytes:
    """Return the document; it is printed in a process of its own."""
    return press().print(page)


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
