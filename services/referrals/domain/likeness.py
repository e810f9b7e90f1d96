"""How likely two identities are one person's, and why; nobody is merged by it but by a human.

names \\ birth dates        same      nearly     others
same                       likely    likely     possible if they share phone or e-mail
nearly: spelling, a part   likely    likely*    -
only the given name        likely*   possible*  -          * if they share phone or e-mail
the family name, a given   possible  -          -
  name much like it
only the family name       possible* -          -
others                     -         -          -

So a couple with one phone are two, and so are twins unless they share it, or have given names much
like one another: then a human is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from uuid import UUID

from kernel.refusal import Refusal
from services.referrals.domain.person import Identity, fold
from services.referrals.domain.spelling import is_respelled, is_similar, is_swapped, sound

#: The version of the rules that keys are made by; a higher one makes all of them anew.
KEYED_BY = 2


class Reason(StrEnum):
    """What two identities have in common."""

    SAME_NAME = "same_name"
    NAME_ORDER = "name_order"
    NAME_SPELLING = "name_spelling"
    NAME_PART = "name_part"
    SAME_GIVEN_NAME = "same_given_name"
    SIMILAR_GIVEN_NAME = "similar_given_name"
    SAME_FAMILY_NAME = "same_family_name"
    SAME_BIRTH_DATE = "same_birth_date"
    DAY_AND_MONTH_SWAPPED = "day_and_month_swapped"
    BIRTH_DATE_SLIP = "birth_date_slip"
    SAME_PHONE = "same_phone"
    SAME_EMAIL = "same_email"


#: Each reason as a person reads it.
SENTENCES: Mapping[Reason, str] = {
    Reason.SAME_NAME: "The same name.",
    Reason.NAME_ORDER: "The same names in another order.",
    Reason.NAME_SPELLING: "Names spelled otherwise.",
    Reason.NAME_PART: "One name is a part of the other.",
    Reason.SAME_GIVEN_NAME: "The same given name.",
    Reason.SIMILAR_GIVEN_NAME: "Given names that are much alike.",
    Reason.SAME_FAMILY_NAME: "The same family name.",
    Reason.SAME_BIRTH_DATE: "The same birth date.",
    Reason.DAY_AND_MONTH_SWAPPED: "Birth dates with day and month the other way round.",
    Reason.BIRTH_DATE_SLIP: "Birth dates that one slip of the pen tells apart.",
    Reason.SAME_PHONE: "The same phone number.",
    Reason.SAME_EMAIL: "The same e-mail address.",
}


class Verdict(StrEnum):
    """How likely two are one person: what a human is asked to look at first."""

    LIKELY = "likely"
    POSSIBLE = "possible"
    APART = "apart"


class Near(Enum):
    """How near two names, or two birth dates, are."""

    FAR = "far"
    FAMILY_NAME = "family name"
    SIMILAR = "similar"
    GIVEN_NAME = "given name"
    NEARLY = "nearly"
    SAME = "same"


#: The table above: of names and birth dates, the verdict without and with a shared phone or e-mail.
_VERDICTS: Mapping[tuple[Near, Near], tuple[Verdict, Verdict]] = {
    (Near.SAME, Near.SAME): (Verdict.LIKELY, Verdict.LIKELY),
    (Near.SAME, Near.NEARLY): (Verdict.LIKELY, Verdict.LIKELY),
    (Near.SAME, Near.FAR): (Verdict.APART, Verdict.POSSIBLE),
    (Near.NEARLY, Near.SAME): (Verdict.LIKELY, Verdict.LIKELY),
    (Near.NEARLY, Near.NEARLY): (Verdict.APART, Verdict.LIKELY),
    (Near.GIVEN_NAME, Near.SAME): (Verdict.APART, Verdict.LIKELY),
    (Near.GIVEN_NAME, Near.NEARLY): (Verdict.APART, Verdict.POSSIBLE),
    (Near.SIMILAR, Near.SAME): (Verdict.POSSIBLE, Verdict.POSSIBLE),
    (Near.FAMILY_NAME, Near.SAME): (Verdict.APART, Verdict.POSSIBLE),
}
_APART = (Verdict.APART, Verdict.APART)


class NotAnother(Refusal):
    """These two are one person: nobody is told apart from themself. Undo the merge first."""

    code = "referrals.person.not_another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How likely two identities are one person's, with every reason there is."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


Found = tuple[Near, tuple[Reason, ...]]
_NOTHING: Found = (Near.FAR, ())


def compare(one: Identity, other: Identity) -> Likeness:
    """Say how likely two are one person, and why; the same both ways round."""
    names, of_names = _compare_names(one, other)
    days, of_days = _compare_days(one.birth_date, other.birth_date)
    of_contact = _shared_contact(one, other)
    return Likeness(
        verdict=_VERDICTS.get((names, days), _APART)[bool(of_contact)],
        reasons=(*of_names, *of_days, *of_contact),
    )


def is_certain(one: Identity, other: Identity) -> bool:
    """Say whether a referral of one is taken for a referral of the other, with nobody asked.

    The same names on the same birth date; or the same given name, birth date and phone or e-mail.
    Twins share all of that but their given names.
    """
    names, _ = _compare_names(one, other)
    days, _ = _compare_days(one.birth_date, other.birth_date)
    same_given = fold(one.given_name) == fold(other.given_name)
    return days is Near.SAME and (
        names is Near.SAME or (same_given and bool(_shared_contact(one, other)))
    )


def find_same(identity: Identity, others: Sequence[tuple[UUID, Identity]]) -> UUID | None:
    """Find whom a referral is taken to be of: of several, who shares most; else the first."""
    same = [(person_ref, other) for person_ref, other in others if is_certain(identity, other)]
    if not same:
        return None
    person_ref, _ = max(same, key=lambda each: len(compare(identity, each[1]).reasons))
    return person_ref


def keys_of(identity: Identity) -> list[str]:
    """Return what an identity is looked up by: any two that are not apart have a key in common."""
    day = identity.birth_date
    low, high = sorted((day.day, day.month))
    sounds = _sounds(identity)
    keys = {f"born {day.year} {low} {high}"}
    keys |= {f"year {day.year} {each}" for each in sounds}
    keys |= {f"day {low} {high} {each}" for each in sounds}
    keys |= {f"tel {identity.phone}"} if identity.phone else set()
    keys |= {f"mail {identity.email}"} if identity.email else set()
    return sorted(keys)


def stored_keys_of(identity: Identity) -> list[str]:
    """Return all that is stored to look an identity up by: also what its names sound like."""
    return sorted({*keys_of(identity), *(f"sounds {each}" for each in _sounds(identity))})


def sound_key(word: str) -> str:
    """Return the key under which whoever has a name that sounds like a word is found."""
    return f"sounds {sound(word) or word}"


def _sounds(identity: Identity) -> set[str]:
    names = [fold(identity.given_name), fold(identity.family_name)]
    words = {word for name in names for word in (*name.split(), name.replace(" ", ""))}
    return {sound(word) or word for word in words}


def rank(likeness: Likeness, *, person_ref: UUID) -> tuple[object, ...]:
    """Return what duplicates are sorted by: the likeliest first, then those with most reasons."""
    order = (Verdict.LIKELY, Verdict.POSSIBLE, Verdict.APART)
    return (order.index(likeness.verdict), -len(likeness.reasons), person_ref)


def _shared_contact(one: Identity, other: Identity) -> tuple[Reason, ...]:
    found = []
    if one.phone is not None and one.phone == other.phone:
        found.append(Reason.SAME_PHONE)
    if one.email is not None and one.email == other.email:
        found.append(Reason.SAME_EMAIL)
    return tuple(found)


# -- names ----------------------------------------------------------------------------------------


def _compare_names(one: Identity, other: Identity) -> Found:
    ones, others = _Names.of(one), _Names.of(other)
    if ones.together == others.together:
        return Near.SAME, (Reason.SAME_NAME,)
    if sorted(ones.words) == sorted(others.words) or ones.together == others.together[::-1]:
        return Near.SAME, (Reason.NAME_ORDER,)
    given, family = (
        _compare_part(ones.given, others.given),
        _compare_part(ones.family, others.family),
    )
    if given is not None and family is not None:
        return Near.NEARLY, _reasons(given, family)
    there, back = _compare_part(ones.given, others.family), _compare_part(ones.family, others.given)
    if there is not None and back is not None:
        return Near.NEARLY, _reasons((Reason.NAME_ORDER,), there, back)
    if given is not None:
        return Near.GIVEN_NAME, _reasons((Reason.SAME_GIVEN_NAME,), given)
    if family == () and is_similar("".join(ones.given), "".join(others.given)):
        return Near.SIMILAR, (Reason.SIMILAR_GIVEN_NAME, Reason.SAME_FAMILY_NAME)
    if family is not None:
        return Near.FAMILY_NAME, _reasons((Reason.SAME_FAMILY_NAME,), family)
    return _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Both names of an identity as words."""

    given: Sequence[str]
    family: Sequence[str]

    @classmethod
    def of(cls, identity: Identity) -> "_Names":
        return cls(
            given=fold(identity.given_name).split(), family=fold(identity.family_name).split()
        )

    @property
    def words(self) -> list[str]:
        return [*self.given, *self.family]

    @property
    def together(self) -> tuple[str, str]:
        return "".join(self.given), "".join(self.family)


def _reasons(*found: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted({reason for each in found for reason in each}, key=list(Reason).index))


def _compare_part(ones: Sequence[str], others: Sequence[str]) -> tuple[Reason, ...] | None:
    """Compare two given names, or two family names: how they differ if they are one; else None."""
    if sorted(ones) == sorted(others) or "".join(ones) == "".join(others):
        return ()
    if is_respelled("".join(ones), "".join(others)):
        return (Reason.NAME_SPELLING,)
    few, many = sorted((ones, others), key=lambda words: (len(words), words))
    left, respelled = list(many), False
    for word in few:
        same = word if word in left else next((w for w in left if is_respelled(word, w)), None)
        if same is None:
            return None
        respelled |= same != word
        left.remove(same)
    reasons = [Reason.NAME_SPELLING] if respelled else []
    return (*reasons, Reason.NAME_PART) if left else tuple(reasons)


# -- birth dates ----------------------------------------------------------------------------------


def _compare_days(one: date, other: date) -> Found:
    if one == other:
        return Near.SAME, (Reason.SAME_BIRTH_DATE,)
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return Near.NEARLY, (Reason.DAY_AND_MONTH_SWAPPED,)
    differing = [
        (f"{mine:02}", f"{theirs:02}")
        for mine, theirs in zip(_parts(one), _parts(other), strict=True)
        if mine != theirs
    ]
    if len(differing) == 1 and _is_slip_of_digits(*differing[0]):
        return Near.NEARLY, (Reason.BIRTH_DATE_SLIP,)
    return _NOTHING


def _parts(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _is_slip_of_digits(one: str, other: str) -> bool:
    """Say whether two numbers are next to one another, or one digit or two neighbours apart."""
    differing = sum(mine != theirs for mine, theirs in zip(one, other, strict=True))
    return abs(int(one) - int(other)) == 1 or differing == 1 or is_swapped(one, other)
