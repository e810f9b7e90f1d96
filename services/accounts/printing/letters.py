"""The words of mails."""

from chassis import texts
from chassis.mail import Mail

_RESET_SUBJECT = "Relais: a new password"
_ASKED = "Somebody, probably you, asked for a new password for your Relais account."
_LINK = "Choose it on this page, within {minutes:minute|minutes} and once: {address}"
_CODE = (
    "This code lets you choose it, within {minutes:minute|minutes} and once. Enter it where you"
    " asked for it, under “Forgotten password”, with the new password, and give it to nobody:"
    " {token}"
)
_NOT_YOU = "If it was not you, there is nothing to do: your password stays as it is."
_CHANGED_SUBJECT = "Relais: your password was changed"
_CHANGED = (
    "The password of your Relais account was changed, and every session has ended. If it was not"
    " you, please speak to your administrator at once."
)
_FOOT = "This message was written by a machine: please do not answer it."


def reset(*, to: str, token: str, page_url: str, minutes: int, language: str) -> Mail:
    """Write how a new password is chosen: by a link if there is a page for it, else by a code."""
    if page_url:
        # Behind a `#`, it is in no server's log.
        address = f"{page_url}#{token}"
        how = _say(_LINK, language=language, minutes=minutes, address=address)
    else:
        how = _say(_CODE, language=language, minutes=minutes, token=token)
    return _mail(
        to=to,
        subject=_RESET_SUBJECT,
        parts=(_say(_ASKED, language=language), how, _say(_NOT_YOU, language=language)),
        language=language,
    )


def changed(*, to: str, language: str) -> Mail:
    """Write that the password was changed, should it have been somebody else."""
    return _mail(
        to=to,
        subject=_CHANGED_SUBJECT,
        parts=(_say(_CHANGED, language=language),),
        language=language,
    )


def _mail(*, to: str, subject: str, parts: tuple[str, ...], language: str) -> Mail:
    text = "\n\n".join((*parts, f"-- \n{_say(_FOOT, language=language)}\n"))
    return Mail(to=to, subject=_say(subject, language=language), text=text)


def _say(sentence: str, *, language: str, **values: object) -> str:
    return texts.say(sentence, values, language=language, service="accounts")
