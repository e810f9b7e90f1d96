"""Sixty fictional persons in need, each as the referral their social worker would write.

Their shares follow what Connexions Solidaires published in 2014: one in five without a mobile,
55 % with a computer, 48 % with the internet at home, 35 euros a month spent on telecoms.  Phone
numbers lie in 06 39 98 00 00 to 06 39 98 99 99, which the regulator keeps for works of fiction.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from deploy.demo.data.seed import generator

# (site, persons): the three sites that are played have enough for a day of sales.
_PERSONS_PER_SITE = {
    "saint-denis": 14,
    "paris-19": 14,
    "marseille": 14,
    "paris-14": 5,
    "antony": 4,
    "grenoble": 4,
    "lyon": 5,
}
SITUATIONS = ("exclusion", "integration", "budget")
NEEDS = ("recharge", "sim", "phone", "computer", "internet", "workshop", "mediation")

_GIVEN_NAMES = (
    "Abel", "Aïcha", "Bérénice", "Bintou", "Célestin", "Daphné", "Dimitri", "Esma", "Fanta",
    "Gaël", "Hélène", "Ibrahima", "Inès", "Jeanne", "Kofi", "Ludivine", "Mamadou", "Noémie",
    "Olga", "Pélagie", "Raoul", "Samira", "Théo", "Ursule", "Victorine", "Wassim", "Yasmine", "Zoé",
)  # fmt: skip
_FAMILY_NAMES = (
    "Abricot", "Bruyère", "Coquelicot", "Digitale", "Épervier", "Fougère", "Genévrier",
    "Hirondelle", "Iris", "Jacinthe", "Lilas", "Merisier", "Mésange", "Myrtille", "Olivier",
    "Pervenche", "Pinson", "Rossignol", "Roseau", "Sarrasin", "Tilleul", "Verveine",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person in need, with the diagnosis made on entry."""

    given_name: str
    family_name: str
    birth_date: date
    phone: str | None
    email: str | None
    situation: str
    needs: tuple[str, ...]
    site_code: str
    monthly_spend_cents: int
    has_mobile: bool
    has_computer: bool
    has_internet: bool

    def referral(self) -> dict[str, Any]:
        """The body of POST referrals/v1/referrals."""
        reachable = {"phone": self.phone, "email": self.email}
        return {
            "person": {
                "given_name": self.given_name,
                "family_name": self.family_name,
                "birth_date": self.birth_date.isoformat(),
            }
            | {name: value for name, value in reachable.items() if value is not None},
            "situation": self.situation,
            "needs": list(self.needs),
            "site_code": self.site_code,
            "entry": {
                "monthly_spend_cents": self.monthly_spend_cents,
                "has_mobile": self.has_mobile,
                "has_computer": self.has_computer,
                "has_internet": self.has_internet,
            },
        }


def make() -> tuple[Person, ...]:
    """Make the persons, site by site."""
    rng = generator("people")
    names = [(given, family) for given in _GIVEN_NAMES for family in _FAMILY_NAMES]
    rng.shuffle(names)
    sites = [site for site, persons in _PERSONS_PER_SITE.items() for _ in range(persons)]
    first_of_site = {site: sites.index(site) for site in _PERSONS_PER_SITE}
    made = []
    for number, site_code in enumerate(sites):
        given_name, family_name = names.pop()
        has_mobile = rng.random() < 0.80
        has_computer = rng.random() < 0.55
        has_internet = rng.random() < 0.48
        wants = {"recharge"}
        wants |= {rng.choice(NEEDS)}
        wants |= set() if has_mobile else {"sim", "phone"}
        wants |= set() if has_computer or rng.random() < 0.5 else {"computer", "workshop"}
        # The first person of each site has a debt, the second takes a computer home.
        wants |= {0: {"mediation"}, 1: {"computer"}}.get(number - first_of_site[site_code], set())
        made.append(
            Person(
                given_name=given_name,
                family_name=family_name,
                birth_date=date(rng.randint(1948, 2006), rng.randint(1, 12), rng.randint(1, 28)),
                phone=f"06 39 98 {number:02d} {rng.randint(0, 99):02d}" if has_mobile else None,
                email=f"personne{number:02d}@courriel.example" if has_internet else None,
                situation=rng.choice(SITUATIONS),
                needs=tuple(need for need in NEEDS if need in wants),
                site_code=site_code,
                monthly_spend_cents=max(0, round(rng.gauss(3_500, 1_200)) // 50 * 50),
                has_mobile=has_mobile,
                has_computer=has_computer,
                has_internet=has_internet,
            )
        )
    return tuple(made)
