"""The words of mails: no more about a person than the code and the initials."""

from dataclasses import dataclass
from datetime import date

from chassis import texts
from chassis.mail import Mail

#: Who came by themselves is spoken to in the network's first language.
PERSONS_LANGUAGE = "fr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The subject and the body of a mail, as sentences of the catalogue."""

    subject: str
    body: str


#: What a referrer is written of each step of a referral.
TO_REFERRER = {
    "submitted": Words(
        subject="Referral {code}: sent",
        body="Your referral {code} ({initials}) is with the site {site}. It is good until"
        " {last_on}. You will be told of each step.",
    ),
    "seen": Words(
        subject="Referral {code}: read by the site",
        body="The site {site} has read your referral {code} ({initials}).",
    ),
    "provisional": Words(
        subject="Entry {code}: please confirm",
        body="Somebody ({initials}) came to the site {site} without a referral and named your"
        " structure. Their entry {code} is provisional: it ends on {last_on} unless one of you"
        " confirms it before.",
    ),
    "accepted": Words(
        subject="Referral {code}: accepted",
        body="The person of your referral {code} ({initials}) has been taken in at the site"
        " {site}.",
    ),
    "refused": Words(
        subject="Referral {code}: refused",
        body="The site {site} has refused your referral {code} ({initials}). The reason stands in"
        " the history of the referral.",
    ),
    "lapsed": Words(
        subject="Referral {code}: lapsed",
        body="Your referral {code} ({initials}) to the site {site} was good until {last_on} and"
        " has lapsed. If the person still needs help, a new referral is needed.",
    ),
    "revoked": Words(
        subject="Referral {code}: revoked",
        body="Your referral {code} ({initials}) to the site {site} has been revoked. The reason"
        " stands in the history of the referral.",
    ),
    "first_visit": Words(
        subject="Referral {code}: first visit",
        body="The person of your referral {code} ({initials}) has come and bought for the first"
        " time.",
    ),
    "renewed": Words(
        subject="Referral {code}: renewed",
        body="The entitlement of the person of your referral {code} ({initials}) has been renewed"
        " at the site {site}.",
    ),
    "ended": Words(
        subject="Referral {code}: the entitlement has ended",
        body="The entitlement of the person of your referral {code} ({initials}) has ended. Its"
        " last day was {last_on}.",
    ),
    "reminder": Words(
        subject="Referral {code}: the entitlement ends soon",
        body="The entitlement of the person of your referral {code} ({initials}) ends on {last_on}."
        " If they still need help, a new referral renews it once.",
    ),
}
TO_PERSON = Words(
    subject="Your entitlement ends soon",
    body="You may buy at the solidarity price until {last_on}. If you still need help after that,"
    " speak to the social worker who sent you: they can send you again.",
)
FOOT = "This message was written by a machine: please do not answer it."


def to_referrer(
    step: str,
    *,
    to: str,
    language: str,
    code: str,
    initials: str,
    site: str,
    last_on: date,
) -> Mail:
    """Write a referrer of a step of a referral."""
    return _written(
        TO_REFERRER[step],
        to=to,
        language=language,
        values={"code": code, "initials": initials, "site": site, "last_on": last_on},
    )


def to_person(*, to: str, last_on: date) -> Mail:
    """Remind a person of the end of what they may buy; the mail does not name them."""
    return _written(TO_PERSON, to=to, language=PERSONS_LANGUAGE, values={"last_on": last_on})


def initials(given: str, family: str) -> str:
    """Write the initials of a person."""
    return "".join(f"{name[:1].upper()}." for name in (given, family))


def _written(words: Words, *, to: str, language: str, values: dict[str, object]) -> Mail:
    subject, body, foot = (
        texts.say(sentence, values, language=language, service="referrals")
        for sentence in (words.subject, words.body, FOOT)
    )
    return Mail(to=to, subject=subject, text=f"{body}\n\n-- \n{foot}\n")
