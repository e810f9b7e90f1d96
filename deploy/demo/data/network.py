"""Seven reception points with their tills, and the fictional people who work there.

The seven are those named on the page of Connexions Solidaires, Saint-Denis, March 2014.  Three of
them (SELLING) are played in the demonstration and have somebody in every role.
Passwords are not here: whoever loads the network makes them up, outside the repository.
"""

from dataclasses import dataclass
from uuid import UUID

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
    """A till at a reception point."""

    till_id: UUID
    site_code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in; partners have an `operator`, till operators a `till_id`."""

    user_id: UUID
    email: str
    given_name: str
    family_name: str
    role: str
    site_codes: tuple[str, ...]
    operator: str | None = None
    till_id: UUID | None = None
    structure: str | None = None  # the referrer's own house


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
    """Make the network: two tills and five roles at every site, partners and an administrator."""
    rng = generator("network")
    tills = tuple(
        Till(
            till_id=UUID(int=rng.getrandbits(128), version=4),
            site_code=site.site_code,
            name=f"Caisse {number}",
        )
        for site in SITES
        for number in range(1, TILLS_PER_SITE + 1)
    )
    return Network(sites=SITES, tills=tills, users=_users(tills))


def _users(tills: tuple[Till, ...]) -> tuple[User, ...]:
    rng = generator("users")
    names = [(given, family) for given in _GIVEN_NAMES for family in _FAMILY_NAMES]
    rng.shuffle(names)

    def user(
        email: str,
        *,
        role: str,
        site_codes: tuple[str, ...],
        operator: str | None = None,
        till_id: UUID | None = None,
        structure: str | None = None,
    ) -> User:
        given_name, family_name = names.pop()
        return User(
            user_id=UUID(int=rng.getrandbits(128), version=4),
            email=email,
            given_name=given_name,
            family_name=family_name,
            role=role,
            site_codes=site_codes,
            operator=operator,
            till_id=till_id,
            structure=structure,
        )

    made = []
    for site in (each.site_code for each in SITES):
        here = (site,)
        own_tills = [till for till in tills if till.site_code == site]
        made += [
            user(
                f"caisse{number}.{site}@relais.example",
                role="till_operator",
                site_codes=here,
                till_id=till.till_id,
            )
            for number, till in enumerate(own_tills, start=1)
        ]
        made.append(user(f"mediation.{site}@relais.example", role="mediator", site_codes=here))
        made.append(
            user(
                f"responsable.{site}@relais.example",
                role="site_manager",
                site_codes=here,
            )
        )
        made.append(
            user(
                f"prescription@social-{site}.example",
                role="referrer",
                site_codes=here,
                structure=STRUCTURES[site],
            )
        )
    made += [
        user(
            f"partenariat@{operator}.example",
            role="operator_partner",
            site_codes=SELLING,
            operator=operator,
        )
        for operator in OPERATORS[:2]
    ]
    everywhere = tuple(site.site_code for site in SITES)
    made.append(user("administration@relais.example", role="admin", site_codes=everywhere))
    return tuple(made)
