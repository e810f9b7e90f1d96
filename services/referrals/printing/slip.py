"""The bon d'orientation on paper: one page, PDF/UA-1, no more identity than a name to call.

It is written in French, as the sites speak it; the QR code holds the signed text of the slip.  Who
finds one learns neither who sent somebody nor what for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from chassis import qr, texts
from services.referrals.printing import pdf

LANGUAGE = "fr"
_BRING = "this slip, on paper or on a screen"
#: What some needs ask for besides the slip.
BRING = {
    "recharge": "your phone",
    "sim": "your phone",
    "mediation": "the operator's bills and letters",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a slip says; it is good on every day before `expires_on`.

    A provisional one is of somebody who is in already, until then unless a referrer confirms it.
    """

    code: str
    signed: str = field(repr=False)
    site: str
    address: str
    expires_on: date
    needs: Sequence[str]
    given_name: str | None = field(repr=False)
    family_initial: str | None = field(repr=False)
    provisional: bool = False

    @property
    def called(self) -> str:
        """The name that somebody is called up by."""
        initial = f"{self.family_initial.upper()}." if self.family_initial else ""
        return " ".join(part for part in (self.given_name, initial) if part)


def to_html(paper: Paper) -> str:
    """Return the page; every text in it is escaped."""
    bring = dict.fromkeys([_BRING, *(BRING[need] for need in paper.needs if need in BRING)])
    return pdf.template("slip.html").render(
        paper=paper,
        say=_say,
        last_on=paper.expires_on - timedelta(days=1),
        bring=[_say(each) for each in bring],
        picture=qr.as_picture(paper.signed),
        language=LANGUAGE,
    )


def to_pdf(paper: Paper) -> bytes:
    """Return the document; it takes tenths of a second of one core, so call it off the engine."""
    return pdf.render(to_html(paper))


def _say(sentence: str, **values: object) -> str:
    return texts.say(sentence, values, language=LANGUAGE, service="referrals")
