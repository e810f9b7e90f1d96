"""Reception points and what they offer, in the sector's standard; its field names are French."""

from datetime import date

from chassis.http import Answer


class _Place(Answer):
    source: str
    id: str
    nom: str
    date_maj: date
    adresse: str | None
    code_postal: str | None
    commune: str | None


class Structure(_Place):
    """A reception point."""


class Service(_Place):
    """Something that a reception point offers."""

    structure_id: str
    description: str
    type: str
    thematiques: list[str]
    frais: str
    publics: list[str]
    conditions_acces: str
    modes_accueil: list[str]
    modes_mobilisation: list[str]
    mobilisable_par: list[str]


class DataInclusion(Answer):
    """All reception points and their services, as data·inclusion's schema has them."""

    structures: list[Structure]
    services: list[Service]
