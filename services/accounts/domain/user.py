"""Who signs in: roles, the sites they work at, and who may make or disable whom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from kernel.refusal import Forbidden, Invalid, NotFound, Refusal

EMAIL_CHARS_MAX = 254
SHORT_NAME_SIGNS_MAX = 40
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")


class Role(StrEnum):
    """What somebody does in the network."""

    TILL_OPERATOR = "till_operator"
    MEDIATOR = "mediator"
    OPERATOR_PARTNER = "operator_partner"
    REFERRER = "referrer"
    SITE_MANAGER = "site_manager"
    ADMIN = "admin"


#: Roles that work at reception points and therefore need at least one.
AT_SITES = frozenset({Role.TILL_OPERATOR, Role.MEDIATOR, Role.SITE_MANAGER})
#: Roles that belong to no reception point: partners see lines of their operator, referrers theirs.
OFF_SITES = frozenset({Role.OPERATOR_PARTNER, Role.REFERRER})
#: Roles that read people's debts, or say who may do what: a password alone should not open them.
SENSITIVE = (Role.ADMIN, Role.SITE_MANAGER, Role.MEDIATOR)
#: Whom a site manager may manage, at their own sites.
MANAGED = frozenset({Role.TILL_OPERATOR, Role.MEDIATOR})


class ScopeNotValid(Invalid):
    """This role does not go with these sites or this operator."""

    code = "accounts.user.scope_not_valid"


class EmailNotValid(Invalid):
    """This is not an e-mail address."""

    code = "accounts.user.email_not_valid"


class EmailTaken(Refusal):
    """Somebody signs in with this e-mail address already."""

    code = "accounts.user.email_taken"


class UserUnknown(NotFound):
    """There is no such user."""

    code = "accounts.user.unknown"


class NotYourUser(Forbidden):
    """You may manage till operators and mediators of your own sites only."""

    code = "accounts.user.not_yours"


class NotYourself(Refusal):
    """You cannot do this to your own account. Please ask another administrator."""

    code = "accounts.user.not_yourself"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in; only a partner has an operator.

    A volunteer helps at a site without being employed: they may sell, and open no file.
    """

    user_id: UUID
    email: str
    display_name: str = field(repr=False)
    role: Role
    site_codes: frozenset[str]
    operator: str | None = None
    volunteer: bool = False
    disabled_at: datetime | None = None

    @property
    def disabled(self) -> bool:
        """Whether they may do nothing any more."""
        return self.disabled_at is not None


def short_name(display_name: str) -> str:
    """Return what colleagues call somebody: `Awa D.` for Awa Diallo."""
    first, *others = display_name.split() or [display_name]
    first = first[:SHORT_NAME_SIGNS_MAX]
    return f"{first} {others[-1][0].upper()}." if others else first


def normalise_email(text: str) -> str:
    """Return the address as it is stored and compared; refuse what is none."""
    email = text.strip().lower()
    if len(email) > EMAIL_CHARS_MAX or not _EMAIL.fullmatch(email):
        raise EmailNotValid(errors=[{"field": "email", "reason": EmailNotValid.sentence()}])
    return email


def check_scope(user: User) -> None:
    """Refuse a role with sites or an operator that it does not go with, or without those it needs.

    An administrator works everywhere, whatever sites are named.
    """
    role, site_codes, operator = user.role, user.site_codes, user.operator
    wrong = []
    if role is Role.OPERATOR_PARTNER and operator is None:
        wrong.append({"field": "operator", "reason": "A partner belongs to an operator."})
    if role is not Role.OPERATOR_PARTNER and operator is not None:
        wrong.append({"field": "operator", "reason": "Only a partner belongs to an operator."})
    if role in AT_SITES and not site_codes:
        wrong.append({"field": "site_codes", "reason": "This role works at one site at least."})
    if role in OFF_SITES and site_codes:
        wrong.append({"field": "site_codes", "reason": "This role works at no site."})
    if role not in AT_SITES and user.volunteer:
        wrong.append({"field": "volunteer", "reason": "Volunteers work at sites."})
    if wrong:
        raise ScopeNotValid(errors=wrong)


def manages(by_role: str, by_site_codes: frozenset[str], *, user: User) -> bool:
    """Say whether the one who acts may manage a user: an administrator all, a manager their own.

    All of the user's sites are the manager's: who works elsewhere too is managed above them.
    """
    if by_role == Role.ADMIN:
        return True
    at_own_sites = user.role in MANAGED and user.site_codes <= by_site_codes
    return by_role == Role.SITE_MANAGER and at_own_sites


def check_manages(by_role: str, by_site_codes: frozenset[str], *, user: User) -> None:
    """Refuse unless the one who acts may manage this user."""
    if not manages(by_role, by_site_codes, user=user):
        raise NotYourUser()


def change(user: User, changes: Mapping[str, Any]) -> User:
    """Give a user other rights or another name; the role must still go with the rest."""
    changed = replace(user, **changes)
    check_scope(changed)
    return changed


def rights(user: User) -> tuple[Role, frozenset[str], str | None, bool]:
    """Return what a token says of a user: when it changes, tokens of before say too much."""
    return user.role, user.site_codes, user.operator, user.volunteer
