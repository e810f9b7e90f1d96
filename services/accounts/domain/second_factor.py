"""Second factors: codes of half a minute (TOTP, RFC 6238), used once each; recovery codes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kernel.refusal import Refusal, Unauthenticated

STEP_S = 30
CODE_DIGITS = 6
RECOVERY_CODE_COUNT = 10
#: A telephone's clock may be half a minute off, and a code takes a while to be typed.
_STEPS_OFF_MAX = 1


class SecondFactorNeeded(Unauthenticated):
    """Please give the code that your second factor shows."""

    code = "accounts.session.second_factor_needed"


class CodeWrong(Unauthenticated):
    """This code is wrong, or was used already."""

    code = "accounts.session.code_wrong"


class FactorWrong(Refusal):
    """This code is wrong, or was used already. Please wait for the next one."""

    code = "accounts.factor.code_wrong"


class PasswordWrong(Refusal):
    """This is not your password."""

    code = "accounts.password.wrong"


class FactorThere(Refusal):
    """You have a second factor already. Please remove that one first."""

    code = "accounts.factor.there_already"


class FactorMissing(Refusal):
    """There is no second factor."""

    code = "accounts.factor.missing"


class FactorNeeded(Refusal):
    """Your role ({role}) needs a second factor."""

    code = "accounts.factor.needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Somebody's second factor; its secret is sealed."""

    user_id: UUID
    key_id: str
    sealed: bytes
    begun_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0

    @property
    def is_asked_for(self) -> bool:
        """Whether a sign-in needs it: it was proven once."""
        return self.confirmed_at is not None


def is_totp(code: str) -> bool:
    """Say whether what was typed is a code of half a minute; a recovery code is longer."""
    return len(normalised(code)) == CODE_DIGITS and normalised(code).isdigit()


def normalised(code: str) -> str:
    """Return a code without the spaces and dashes that it is read with."""
    return "".join(sign for sign in code.upper() if sign.isalnum())


def use(
    factor: Factor, code: str, *, now: datetime, code_at: Callable[[int], str]
) -> Factor | None:
    """Use up a code; None when it is wrong, or of a half minute whose code was used.

    `code_at` gives the code of a step; every step is compared, right or wrong, in the same time.
    """
    step_now = int(now.timestamp()) // STEP_S
    steps = range(step_now - _STEPS_OFF_MAX, step_now + _STEPS_OFF_MAX + 1)
    typed = normalised(code)
    right = [step for step in steps if _same(code_at(step), typed) and step > factor.last_step]
    return replace(factor, last_step=max(right)) if right else None


def _same(code: str, typed: str) -> bool:
    different = len(code) ^ len(typed)
    for one, other in zip(code.encode(), typed.encode(), strict=False):
        different |= one ^ other
    return different == 0


def confirmed(factor: Factor, *, now: datetime) -> Factor:
    """Ask for a factor from now on: it has been proven."""
    return replace(factor, confirmed_at=now)
