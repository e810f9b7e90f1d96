"""Seven reception points with their tills, and the fictional people who work there.

The seven are those named on the page of Connexions Solidaires, Saint-Denis, March 2014.  Three of
them (SELLING) are played in the demonstration and have somebody in every role.
Passwords are not here: whoever loads the network makes them up, outside the repository.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.demo.data.seed import generator

SELLING = ("saint-denis", "paris-19", "marseille")
OPERATORS = ("sfr", "orange", "bouygues", "free")
TILLS_PER_SITE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A reception point."""

    site_code: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """A till at a reception point; its id is given when it is enrolled."""

    site_code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in; partners have an `operator`, till operators a `till_name`.

    `site_codes` is the scope their account gets: none for those who work for the whole network.
    `listed_at` are the sites under which the demonstration names them as a sign-in to try.
    """

    email: str
    display_name: str
    role: str
    site_codes: tuple[str, ...]
    listed_at: tuple[str, ...]
    operator: str | None = None
    till_name: str | None = None
    structure: str | None = None  # the referrer's own house

    def account(self, *, password: str) -> dict[str, Any]:
        """The body of POST accounts/v1/users."""
        return {
            "email": self.email,
            "display_name": self.display_name,
            "role": self.role,
            "site_codes": list(self.site_codes),
            "operator": self.operator,
            "password": password,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The reception points, their tills and their people."""

    sites: tuple[Site, ...]
    tills: tuple[Till, ...]
    users: tuple[User, ...]


SITES = (
    Site(site_code="paris-19", name="Emmaüs Défi", address="Paris 19e"),
    Site(site_code="paris-14", name="Centre Social Maurice Noguès", address="Paris 14e"),
    Site(site_code="antony", name="PIMMS d'Antony", address="Antony"),
    Site(
        site_code="saint-denis",
        name="Connexions Solidaires Saint-Denis",
        address="47 rue Jean Jaurès, Saint-Denis",
    ),
    Site(site_code="marseille", name="Centre Social Julien", address="Marseille"),
    Site(site_code="grenoble", name="La Remise", address="Grenoble"),
    Site(site_code="lyon", name="Foyer Notre-Dame des Sans-Abris", address="Lyon"),
)

STRUCTURES = {
    "paris-19": "Service social municipal de Paris 19e",
    "paris-14": "Service social municipal de Paris 14e",
    "antony": "CCAS d'Antony",
    "saint-denis": "CCAS de Saint-Denis",
    "marseille": "CCAS de Marseille",
    "grenoble": "CCAS de Grenoble",
    "lyon": "CCAS de Lyon",
}
#: Numbers of nobody whose check digits are right, each structure's its own.
SIRETS = {
    "paris-19": "12345678200028",
    "paris-14": "12345678200036",
    "antony": "12345678200044",
    "saint-denis": "12345678200051",
    "marseille": "12345678200069",
    "grenoble": "12345678200077",
    "lyon": "12345678200085",
}

_GIVEN_NAMES = (
    "Anaïs", "Basile", "Capucine", "Désiré", "Élodie", "Firmin", "Garance", "Honoré", "Ilona",
    "Joachim", "Katell", "Léandre", "Maëlle", "Norbert", "Océane", "Prosper", "Quitterie", "Romane",
    "Sylvain", "Tiphaine",
)  # fmt: skip
_FAMILY_NAMES = (
    "Aubépin", "Bellefontaine", "Chanteclair", "Dutilleul", "Églantier", "Fontanel", "Grandpré",
    "Hautbois", "Jolivet", "Lavandier", "Montclar", "Noisetier", "Passerose", "Quatrevents",
    "Rivelaine", "Sablonnière", "Tournesol", "Valombreuse",
)  # fmt: skip


def make() -> Network:
    """Make the network: two tills and five roles at every site, partners, an administrator."""
    tills = tuple(
        Till(site_code=site.site_code, name=f"Caisse {number}")
        for site in SITES
        for number in range(1, TILLS_PER_SITE + 1)
    )
    return Network(sites=SITES, tills=tills, users=_users(tills))


def _users(tills: tuple[Till, ...]) -> tuple[User, ...]:
    names = [f"{given} {family}" for given in _GIVEN_NAMES for family in _FAMILY_NAMES]
    generator("users").shuffle(names)
    every_site = tuple(site.site_code for site in SITES)
    made = [user for site_code in every_site for user in _people_of(site_code, tills, names)]
    made += [
        User(
            email=f"partenariat@{operator}.example",
            display_name=names.pop(),
            role="operator_partner",
            site_codes=(),
            listed_at=SELLING,
            operator=operator,
        )
        for operator in OPERATORS[:2]
    ]
    made.append(
        User(
            email="administration@relais.example",
            display_name=names.pop(),
            role="admin",
            site_codes=(),
            listed_at=every_site,
        )
    )
    return tuple(made)


def _people_of(site_code: str, tills: tuple[Till, ...], names: list[str]) -> Iterator[User]:
    here = (site_code,)
    own_tills = [till for till in tills if till.site_code == site_code]
    for number, till in enumerate(own_tills, start=1):
        yield User(
            email=f"caisse{number}.{site_code}@relais.example",
            display_name=names.pop(),
            role="till_operator",
            site_codes=here,
            listed_at=here,
            till_name=till.name,
        )
    for login, role in (("mediation", "mediator"), ("responsable", "site_manager")):
        yield User(
            email=f"{login}.{site_code}@relais.example",
            display_name=names.pop(),
            role=role,
            site_codes=here,
            listed_at=here,
        )
    yield User(
        email=f"prescription@social-{site_code}.example",
        display_name=names.pop(),
        role="referrer",
        site_codes=(),
        listed_at=here,
        structure=STRUCTURES[site_code],
    )
