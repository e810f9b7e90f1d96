"""Anticipated failures: the caller asked for something the rules forbid.

Refusal                 a rule says no                              (409 at the HTTP door)
├── NotFound            what is named does not exist, or not for you (404)
├── Forbidden           the caller's role or site does not allow it  (403)
├── Unauthenticated     the caller did not prove who they are        (401)
├── Throttled           too many attempts                            (429)
├── TooLarge            more was sent than the limit                 (413)
├── Unreadable          what was sent cannot be read or trusted       (400)
├── Unavailable         not now: the same request may be sent again  (503)
└── Invalid             the request does not have the right shape    (422)

The docstring of a concrete class is its English sentence and the msgid of its translation;
`{placeholders}` in it are the keyword values given when it is raised.  A value whose name ends in
`_cents` is shown as an amount, one that ends in `_on` as a day, one named `role` in words; a number
takes its noun along: `{left:voucher|vouchers}`.
"""

from typing import ClassVar

from kernel.counted import Counted


class Refusal(Exception):
    """The rules say no."""

    code: ClassVar[str] = "relais.refused"

    def __init__(self, **values: object) -> None:
        super().__init__()
        self.values = values

    @classmethod
    def sentence(cls) -> str:
        """Return the English sentence, with its placeholders, on one line."""
        return " ".join((cls.__doc__ or "").split())

    def __str__(self) -> str:
        counted = {
            name: Counted(value) if type(value) is int else value
            for name, value in self.values.items()
        }
        return self.sentence().format_map(counted)


class NotFound(Refusal):
    """There is nothing here under that name."""

    code = "relais.not_found"


class Forbidden(Refusal):
    """Your role does not allow this."""

    code = "relais.forbidden"


class Unauthenticated(Refusal):
    """Please sign in."""

    code = "relais.unauthenticated"


class Throttled(Refusal):
    """Too many attempts. Please wait {retry_after_s:second|seconds}."""

    code = "relais.throttled"


class TooLarge(Refusal):
    """What you sent is larger than the limit of {limit_bytes:byte|bytes}."""

    code = "relais.too_large"


class Unreadable(Refusal):
    """What you sent cannot be read."""

    code = "relais.unreadable"


class Unavailable(Refusal):
    """The service is busy or restarting. Nothing was lost: please try again with the same key."""

    code = "relais.unavailable"


class Invalid(Refusal):
    """Some fields are not as they should be."""

    code = "relais.invalid"


class Superseded(Exception):
    """A handler says of one delivered fact: a newer one has already been applied."""
