"""Settlement as others meet it: a real process, heard over a real bus, read at its door."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from chassis.broker import Broker, Outcome, Outgoing
from chassis.topology import EXCHANGE
from kernel.envelope import Envelope
from tests.chassis.bus import declare_all
from tests.fix_service import bearer, serving
from tests.fix_stack import FreshSchema, Schema
from tests.settlement.build import (
    a_batch,
    a_closing,
    a_device_sold,
    a_drawer,
    a_refund,
    a_report,
    a_sale,
)
from tests.settlement.bus import deliver

FACTS = [
    a_batch("b0", offers=[(1, 1000)], at=datetime(2026, 10, 31, 12, tzinfo=UTC)),
    a_batch("b1", offers=[(19, 29000)]),
    a_batch("b2", site="paris-19", offers=[(5, 2500)]),
    a_sale("s1", lines=[("sfr", 2, 250, 1500)]),
    a_sale("s2", site="paris-19", lines=[("sfr", 1, 150, 500)]),
    a_sale("s3", tender="card", day="2026-11-21"),
    a_report("r1", lines=3, billed=300, reversed_=-100),
    a_batch("b3", operator="orange", offers=[(1, 1000)]),
    a_sale("s4", lines=[("orange", 2, 300, 1000)]),
    a_device_sold("d1"),
]
ADMIN = bearer("admin")
SFR = bearer("operator_partner", operator="sfr")
MANAGER = bearer("site_manager", "saint-denis")
TILL = bearer("till_operator", "saint-denis")


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("settlement")
    with psycopg.connect(
        made.url, row_factory=dict_row, options="-c search_path=settlement,public"
    ) as tx:
        deliver(tx, FACTS)
    return made


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[httpx.Client]:
    with serving("settlement", schema=schema) as client:
        yield client


def legs_of(period: dict[str, Any]) -> dict[str, tuple[bool, int, int]]:
    return {
        leg["name"]: (leg["present"], leg["total_cents"], leg["count"]) for leg in period["legs"]
    }


class TestPeriod:
    @pytest.mark.parametrize("headers", [ADMIN, SFR, MANAGER])
    def test_shows_every_leg_of_a_complete_month(
        self, door: httpx.Client, headers: dict[str, str]
    ) -> None:
        answer = door.get("/v1/periods/sfr/2026-11", headers=headers)

        assert answer.status_code == 200, answer.text
        period = answer.json()
        assert (period["operator"], period["period"]) == ("sfr", "2026-11")
        assert legs_of(period) == {
            "credits_given": (True, 31500, 24),
            "credits_sold": (True, 5000, 4),
            "credits_left": (True, 27500, 21),
            "credits_written_off": (True, 0, 0),
            "recharge_cash": (True, 650, 2),
            "recharge_card": (True, 250, 1),
            "option_gifts": (True, 200, 3),
        }
        assert period["differences"] == period["missing"] == period["sealed_by"] == []
        assert period["complete"] is True

    def test_lists_credits_by_site_and_takings_by_day(self, door: httpx.Client) -> None:
        period = door.get("/v1/periods/sfr/2026-11", headers=ADMIN).json()

        assert [
            (site["site_code"], site["given_count"], site["sold_count"], site["left_cents"])
            for site in period["credits"]
        ] == [("paris-19", 5, 1, 2000), ("saint-denis", 19, 3, 25500)]
        assert [
            (day["site_code"], day["business_date"], day["cash_cents"], day["card_cents"])
            for day in period["takings"]
        ] == [
            ("paris-19", "2026-11-20", 150, 0),
            ("saint-denis", "2026-11-20", 500, 0),
            ("saint-denis", "2026-11-21", 0, 250),
        ]

    def test_shows_a_site_manager_the_details_of_their_site(self, door: httpx.Client) -> None:
        period = door.get("/v1/periods/sfr/2026-11", headers=MANAGER).json()

        assert {site["site_code"] for site in period["credits"]} == {"saint-denis"}
        assert {day["site_code"] for day in period["takings"]} == {"saint-denis"}

    def test_is_not_complete_while_a_leg_is_missing_though_nothing_differs(
        self, door: httpx.Client
    ) -> None:
        period = door.get("/v1/periods/sfr/2026-10", headers=ADMIN).json()

        assert period["differences"] == []
        assert period["complete"] is False
        assert period["missing"] == [
            "credits_sold",
            "recharge_cash",
            "recharge_card",
            "option_gifts",
        ]
        assert legs_of(period)["credits_left"] == (True, 1000, 1)

    def test_says_that_more_was_sold_than_given(self, door: httpx.Client) -> None:
        period = door.get("/v1/periods/orange/2026-11", headers=ADMIN).json()

        assert [
            (each["name"], each["expected"], each["found"]) for each in period["differences"]
        ] == [("more_sold_than_given_cents", 1000, 2000), ("more_sold_than_given_count", 1, 2)]

    @pytest.mark.parametrize(
        ("path", "role", "code"),
        [
            ("sfr/2026-12", ADMIN, "settlement.period.unknown"),
            ("sfr/2026-12", SFR, "settlement.period.unknown"),
            (
                "free/2026-11",
                bearer("operator_partner", operator="free"),
                "settlement.operator.unknown",
            ),
        ],
    )
    def test_does_not_take_silence_for_zeros(
        self, door: httpx.Client, path: str, role: dict[str, str], code: str
    ) -> None:
        answer = door.get(f"/v1/periods/{path}", headers=role)

        assert (answer.status_code, answer.json()["code"]) == (404, code), answer.text

    @pytest.mark.parametrize(
        ("path", "headers", "status", "code"),
        [
            ("sfr/2026-11", {}, 401, "accounts.token.missing"),
            (
                "sfr/2026-11",
                bearer("till_operator", "saint-denis"),
                403,
                "accounts.role.not_allowed",
            ),
            ("sfr/2026-11", bearer("mediator", "saint-denis"), 403, "accounts.role.not_allowed"),
            ("orange/2026-11", SFR, 403, "settlement.operator.not_yours"),
            ("network/2026-11", SFR, 403, "settlement.operator.not_yours"),
            ("*/2026-11", SFR, 403, "settlement.operator.not_yours"),
            ("sfr/2026-11", bearer("operator_partner"), 403, "settlement.operator.not_yours"),
            ("nobody/2026-11", ADMIN, 404, "settlement.operator.unknown"),
            ("*/2026-11", ADMIN, 404, "settlement.operator.unknown"),
            ("sfr/2026-13", ADMIN, 422, "settlement.period.malformed"),
            ("sfr/2026-1", ADMIN, 422, "settlement.period.malformed"),
            ("sfr/0000-01", ADMIN, 422, "settlement.period.malformed"),
            ("sfr/9999-12", ADMIN, 422, "settlement.period.malformed"),
            ("sfr/%D9%A2%D9%A0%D9%A2%D9%A6-11", ADMIN, 422, "settlement.period.malformed"),
            ("sfr/november", ADMIN, 422, "settlement.period.malformed"),
            ("sfr/{period}", ADMIN, 422, "settlement.period.malformed"),
            ("s%00fr/2026-11", ADMIN, 422, "relais.invalid"),
            ("sfr", ADMIN, 404, "relais.http"),
        ],
    )
    def test_refuses_with_a_sentence(
        self, door: httpx.Client, path: str, headers: dict[str, str], status: int, code: str
    ) -> None:
        answer = door.get(f"/v1/periods/{path}", headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    def test_speaks_french(self, door: httpx.Client) -> None:
        answer = door.get("/v1/periods/sfr/2026-13", headers=ADMIN)

        assert answer.json()["detail"].startswith("Une période est un mois écrit AAAA-MM")


class TestLedger:
    def accounts(
        self, door: httpx.Client, headers: dict[str, str], **query: str
    ) -> dict[tuple[str, str, str], int]:
        answer = door.get("/v1/ledger", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return {
            (each["operator"], each["site_code"], each["account"]): each["balance_cents"]
            for each in answer.json()["accounts"]
        }

    def test_adds_up_to_nothing_in_each_unit(self, door: httpx.Client) -> None:
        accounts = door.get("/v1/ledger", headers=ADMIN).json()["accounts"]

        for unit in ("face_value", "euro"):
            rows = [each for each in accounts if each["unit"] == unit]
            assert rows
            assert sum(each["debit_cents"] - each["credit_cents"] for each in rows) == 0

    def test_shows_staff_all_operators_and_the_networks_own(self, door: httpx.Client) -> None:
        seen = self.accounts(door, ADMIN)

        assert {operator for operator, _, _ in seen} == {"sfr", "orange", "network"}
        assert seen["sfr", "saint-denis", "credits_stock"] == 30000 - 4500
        assert seen["network", "saint-denis", "site_cash"] == 6000

    def test_shows_a_partner_its_own_lines_alone(self, door: httpx.Client) -> None:
        seen = self.accounts(door, SFR)

        assert {operator for operator, _, _ in seen} == {"sfr"}
        assert seen["sfr", "network", "option_gifts"] == 200

    def test_shows_a_site_manager_their_site_alone(self, door: httpx.Client) -> None:
        assert {site for _, site, _ in self.accounts(door, MANAGER)} == {"saint-denis"}

    def test_narrows_to_site_and_days(self, door: httpx.Client) -> None:
        seen = self.accounts(
            door,
            ADMIN,
            operator="sfr",
            site_code="saint-denis",
            **{"from": "2026-11-21", "until": "2026-11-22"},
        )

        assert seen == {
            ("sfr", "saint-denis", "card_receivable"): 250,
            ("sfr", "saint-denis", "recharge_income"): 250,
            ("sfr", "saint-denis", "credits_sold"): 1500,
            ("sfr", "saint-denis", "credits_stock"): -1500,
        }

    @pytest.mark.parametrize(
        ("query", "headers", "status", "code"),
        [
            ({"operator": "orange"}, SFR, 403, "settlement.operator.not_yours"),
            ({"operator": "*"}, SFR, 403, "settlement.operator.not_yours"),
            ({"site_code": "paris-19"}, MANAGER, 403, "accounts.site.not_yours"),
            ({"from": "yesterday"}, ADMIN, 422, "relais.invalid"),
            ({"from": "2026-11-02", "until": "2026-11-02"}, ADMIN, 422, None),
            ({"colour": "red"}, ADMIN, 422, "relais.invalid"),
        ],
    )
    def test_refuses_with_a_sentence(
        self,
        door: httpx.Client,
        query: dict[str, str],
        headers: dict[str, str],
        status: int,
        code: str | None,
    ) -> None:
        answer = door.get("/v1/ledger", params=query, headers=headers)

        expected = code or "settlement.ledger.days_reversed"
        assert (answer.status_code, answer.json()["code"]) == (status, expected), answer.text


class TestBus:
    def test_posts_what_it_hears_and_parks_what_contradicts_itself(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        schema = fresh_schema("settlement")
        bad = a_sale("bad", total_cents=1)
        facts = [*FACTS, a_refund("back", of="s1"), a_drawer(counted=4990), a_closing()]
        told = [*reversed(facts), bad, *facts]
        declare_all(amqp_url)

        with serving(
            "settlement", schema=schema, AMQP_URL=amqp_url, RELAIS_PARTS="http,consume"
        ) as client:
            publish(amqp_url, told)
            wait_until_handled(schema, count=len(facts), parked=1)
            period = client.get("/v1/periods/sfr/2026-11", headers=ADMIN).json()

        assert legs_of(period)["recharge_cash"] == (True, 400, 2)
        assert period["complete"] is True
        assert period["differences"] == []
        with psycopg.connect(schema.admin_url) as admin:
            parked = admin.execute(
                "SELECT consumer, detail FROM settlement.parked_delivery"
            ).fetchall()
        assert [consumer for consumer, _ in parked] == ["settlement.on_sale_completed"]
        assert "declares 1 cents in all, its parts add up to 250" in parked[0][1]


def publish(amqp_url: str, facts: list[Envelope]) -> None:
    broker = Broker(amqp_url, name="test", confirm_s_max=5.0)
    outcomes = broker.publish(
        [
            Outgoing(
                exchange=EXCHANGE,
                routing_key=fact.type,
                body=fact.to_json(),
                message_id=str(place),
                mandatory=True,
            )
            for place, fact in enumerate(facts)
        ]
    )
    assert set(outcomes) == {Outcome.CONFIRMED}
    broker.close()


def wait_until_handled(schema: Schema, *, count: int, parked: int) -> None:
    until = time.monotonic() + 30
    seen: tuple[int, int] | None = None
    while seen != (count, parked):
        assert time.monotonic() < until, f"handled and parked: {seen}"
        time.sleep(0.1)
        with psycopg.connect(schema.admin_url) as admin:
            seen = admin.execute(
                "SELECT (SELECT count(*) FROM settlement.inbox),"
                "       (SELECT count(*) FROM settlement.parked_delivery)"
            ).fetchone()
