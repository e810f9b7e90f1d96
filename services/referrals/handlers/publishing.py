"""The network's reception points and services, published in the sector's standard."""

from datetime import datetime
from typing import Any

from chassis import texts
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals.api import standard as api
from services.referrals.domain.offer import NAME_SIGNS_MIN, OFFERS, Offer, split_address
from services.referrals.store import Row, network

SOURCE = "relais"
#: The standard is French, whoever asks.
_LANGUAGE = "fr"
_CONDITION = "One comes with a referral of a social worker, or is taken in until one confirms it."
_NAMED = "Reception point {name}"


def publish_offers(tx: Transaction, *, now: datetime) -> api.DataInclusion:
    """Say where the reception points are and what each offers."""
    places = [_place(row, now=now) for row in network.list_sites(tx)]
    return api.DataInclusion(
        structures=[api.Structure(**place) for place in places],
        services=[
            api.Service(**_service(place, need, offer))
            for place in places
            for need, offer in OFFERS.items()
        ],
    )


def _place(row: Row, *, now: datetime) -> dict[str, Any]:
    address = split_address(row["address"])
    name = row["name"].rstrip(". ")
    if len(name) < NAME_SIGNS_MIN:
        name = _french(_NAMED).format(name=name)
    return {
        "source": SOURCE,
        "id": f"{SOURCE}--{row['site_code']}",
        "nom": name,
        "date_maj": business_date(min(row["opened_at"], now)),
        "adresse": address.street,
        "code_postal": address.postal_code,
        "commune": address.town,
    }


def _service(place: dict[str, Any], need: str, offer: Offer) -> dict[str, Any]:
    return place | {
        "id": f"{place['id']}--{need}",
        "structure_id": place["id"],
        "nom": _french(offer.name),
        "description": _french(offer.description),
        "type": offer.kind,
        "thematiques": list(offer.topics),
        "frais": "gratuit" if offer.free else "payant",
        "publics": ["tous-publics"],
        "conditions_acces": _french(_CONDITION),
        "modes_accueil": ["en-presentiel"],
        "modes_mobilisation": ["se-presenter"],
        "mobilisable_par": ["professionnels", "usagers"],
    }


def _french(text: str) -> str:
    return texts.translate(text, language=_LANGUAGE, service="referrals")
