"""The words of mails."""

from chassis import texts
from chassis.mail import Mail

_RESET_SUBJECT = "Relais: a new password"
_RESET = (
    "Somebody, probably you, asked for a new password for your Relais account. It can be chosen"
    " within {minutes:minute|minutes}, once, with this: {token}"
)
_NOT_YOU = "If it was not you, there is nothing to do: your password stays as it is."
_CHANGED_SUBJECT = "Relais: your password was changed"
_CHANGED = (
    "The password of your Relais account was changed, and every session has ended. If it was not"
    " you, please speak to your administrator at once."
)
_FOOT = "This message was written by a machine: please do not answer it."


def reset(*, to: str, token: str, page_url: str, minutes: int, language: str) -> Mail:
    """Write the token that chooses a new password, behind the page's address if there is one."""
    # Behind a `#`, it is in no server's log.
    shown = f"{page_url}#{token}" if page_url else token
    body = _say(_RESET, language=language, minutes=minutes, token=shown)
    return _mail(
        to=to,
        subject=_RESET_SUBJECT,
        parts=(body, _say(_NOT_YOU, language=language)),
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
