"""Reception points and services, checked with the sector's own package."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import psycopg
import pytest
from data_inclusion.schema import v1 as standard
from psycopg.rows import dict_row

from services.referrals.api.referrals import Need
from services.referrals.domain.offer import OFFERS, Address, split_address
from services.referrals.handlers.publishing import publish_offers
from tests.fix_service import OTHER_KEY, serving
from tests.fix_stack import FreshSchema, TxOf
from tests.referrals.build import NOW, Tx, open_site

#: What only warns, warns here.
STRICT = {"ignore_warnings": False}


def validated(document: dict[str, Any]) -> tuple[list[standard.Structure], list[standard.Service]]:
    """What the package makes of it; a field it does not know is a mistake too."""
    for kind, model in (("structures", standard.Structure), ("services", standard.Service)):
        for each in document[kind]:
            assert set(each) <= set(model.model_fields)
    return (
        [
            standard.Structure.model_validate_json(json.dumps(each), context=STRICT)
            for each in document["structures"]
        ],
        [
            standard.Service.model_validate_json(json.dumps(each), context=STRICT)
            for each in document["services"]
        ],
    )


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    tx = tx_of("referrals")
    open_site(tx)
    open_site(tx, "lyon")
    return tx


class TestPublication:
    def test_is_valid_for_every_site_and_need(self, tx: Tx) -> None:
        tx.execute("UPDATE site SET address = '47 rue Fictive, 93200 Saint-Denis'")

        structures, services = validated(publish_offers(tx, now=NOW).model_dump(mode="json"))

        assert [each.id for each in structures] == ["relais--lyon", "relais--saint-denis"]
        assert (structures[1].code_postal, structures[1].commune) == ("93200", "Saint-Denis")
        assert {each.id for each in services} == {
            f"{structure.id}--{need}" for structure in structures for need in OFFERS
        }
        assert {each.structure_id for each in services} == {each.id for each in structures}
        for each in services:
            assert each.thematiques
            assert each.type
            assert each.frais

    @pytest.mark.parametrize("name", ["X", "Le Relais.", "É" * 120])
    def test_is_valid_whatever_a_site_is_called(self, tx: Tx, name: str) -> None:
        tx.execute("UPDATE site SET name = %s, address = ''", (name,))

        structures, _ = validated(publish_offers(tx, now=NOW).model_dump(mode="json"))

        assert {each.nom for each in structures} == {
            {"X": "Point d'accueil X", "Le Relais.": "Le Relais"}.get(name, name)
        }

    def test_is_of_no_day_to_come(self, tx: Tx) -> None:
        tx.execute("UPDATE site SET opened_at = '2999-01-01'")

        structures, _ = validated(publish_offers(tx, now=NOW).model_dump(mode="json"))

        assert {each.date_maj for each in structures} == {NOW.date()}

    def test_is_in_french(self, tx: Tx) -> None:
        published = publish_offers(tx, now=NOW)

        english = {each.name for each in OFFERS.values()} | {e.description for e in OFFERS.values()}
        assert not english & {each.nom for each in published.services}
        assert not english & {each.description for each in published.services}

    def test_offers_what_a_referral_may_ask_for(self) -> None:
        assert set(OFFERS) == set(get_args(Need))


class TestAddress:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("47 rue Fictive, 93200 Saint-Denis", ("47 rue Fictive", "93200", "Saint-Denis")),
            ("47 rue Fictive 93200  Saint-Denis", ("47 rue Fictive", "93200", "Saint-Denis")),
            ("75019 Paris", (None, "75019", "Paris")),
            ("Paris 19e", ("Paris 19e", None, None)),
            ("", (None, None, None)),
        ],
    )
    def test_is_told_apart_as_far_as_it_can_be(
        self, text: str, parts: tuple[str | None, str | None, str | None]
    ) -> None:
        street, postal_code, town = parts
        assert split_address(text) == Address(street=street, postal_code=postal_code, town=town)


@pytest.fixture(scope="module")
def door(fresh_schema: FreshSchema) -> Iterator[httpx.Client]:
    schema = fresh_schema("referrals")
    with psycopg.connect(schema.admin_url, row_factory=dict_row) as tx:
        tx.execute("SET search_path TO referrals, public")
        open_site(tx)
        tx.execute("UPDATE site SET opened_at = %s", (datetime(2026, 1, 5, tzinfo=UTC),))
    with serving("referrals", schema=schema, RELAIS_REFERRAL_KEY=OTHER_KEY) as client:
        yield client


class TestDoor:
    def test_is_open_to_anybody_who_may_keep_the_answer_for_an_hour(
        self, door: httpx.Client
    ) -> None:
        answer = door.get("/v1/public/data-inclusion.json")

        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        structures, services = validated(answer.json())
        assert len(structures) == 1
        assert len(services) == len(OFFERS)
