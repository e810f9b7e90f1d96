"""What a reception point offers, in the words of the sector's standard (data·inclusion, v1).

The standard's names and vocabulary are French; https://gip-inclusion.github.io/data-inclusion-schema.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: A French address on one line: street, postal code, town.
_ADDRESS = re.compile(r"(?:(?P<street>.+?)[,\s]+)?(?P<code>[0-9]{5})\s+(?P<town>\S.*)")
#: The standard wants no shorter name.
NAME_SIGNS_MIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One service that answers one need a referral may name."""

    name: str
    description: str
    kind: str
    topics: tuple[str, ...]
    free: bool


_EQUIPMENT = "numerique--acquerir-un-equipement"
_INTERNET = "numerique--acceder-a-une-connexion-internet"
_BUDGET = "difficultes-financieres--ameliorer-sa-gestion-budgetaire"
_DEBT = "difficultes-financieres--situation-dendettement-surendettement"
_BASICS = "numerique--maitriser-les-fondamentaux-du-numerique"

#: By the need of a referral; every reception point takes referrals for each.
OFFERS: Mapping[str, Offer] = {
    "recharge": Offer(
        name="Phone credit at a solidarity price",
        description="Prepaid credit for calls and mobile internet, far below its face value,"
        " with help to top it up and advice on one's use and one's bills.",
        kind="aide-financiere",
        topics=(_INTERNET, _BUDGET),
        free=False,
    ),
    "sim": Offer(
        name="Prepaid SIM card",
        description="A SIM card without commitment, put into service with the person, so as to be"
        " reachable for one's social worker and for employers.",
        kind="aide-materielle",
        topics=(_INTERNET,),
        free=False,
    ),
    "phone": Offer(
        name="Refurbished phone",
        description="A phone that was given, wiped, tested and guaranteed, sold at a solidarity"
        " price.",
        kind="aide-materielle",
        topics=(_EQUIPMENT,),
        free=False,
    ),
    "computer": Offer(
        name="Refurbished computer",
        description="A computer that was given, wiped, tested and guaranteed, sold at a solidarity"
        " price, with an introduction to its use.",
        kind="aide-materielle",
        topics=(_EQUIPMENT, _BASICS),
        free=False,
    ),
    "internet": Offer(
        name="Internet access",
        description="Advice on the choice of an offer, and internet access without commitment at a"
        " solidarity price.",
        kind="accompagnement",
        topics=(_INTERNET, "numerique--acceder-a-des-services-en-ligne"),
        free=False,
    ),
    "workshop": Offer(
        name="Digital skills workshop",
        description="Workshops in small groups and permanent help, to learn the use of a phone, a"
        " computer, the internet and public services online.",
        kind="atelier",
        topics=(_BASICS, "numerique--acceder-a-des-services-en-ligne"),
        free=True,
    ),
    "mediation": Offer(
        name="Mediation with telecom operators",
        description="Help with debts and disputes with phone and internet operators: checking what"
        " is owed, negotiating a plan or a waiver, keeping or getting back one's line.",
        kind="accompagnement",
        topics=(_DEBT, _BUDGET),
        free=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in the standard's parts, as far as it can be told apart."""

    street: str | None
    postal_code: str | None
    town: str | None


def split_address(text: str) -> Address:
    """Tell the parts of an address on one line apart; one without a postal code stays whole."""
    text = " ".join(text.split())
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return Address(street=text or None, postal_code=None, town=None)
    return Address(street=found["street"], postal_code=found["code"], town=found["town"])
