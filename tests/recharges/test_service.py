"""Recharges at its HTTP door: a real process, a real database, real tokens."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.fix_service import OTHER_KEY, bearer
from tests.fix_stack import FreshSchema
from tests.recharges.build import SITE
from tests.recharges.door import SELLER, Door, an_order, committed, open_door
from tests.today import today

SALES = "/v1/sales"
TABLES = ("sale", "sale_line", "sale_voucher", "cash_line", "journal", "outbox", "reveal")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A shop that is open behind the door."""

    door: Door
    till: UUID
    other_till: UUID
    person: UUID
    ended: UUID


@pytest.fixture(scope="module")
def place(fresh_schema: FreshSchema) -> Iterator[Place]:
    schema = fresh_schema("recharges")
    with committed(schema) as shop:
        till = shop.enrol_till()
        other_till = shop.enrol_till(site_code="antony")
        person = shop.entitle(cap_cents=100_000)
        ended = shop.entitle(until=str(today() - timedelta(days=1)))
        shop.stock_up(60)
    with open_door(schema) as door:
        yield Place(door=door, till=till, other_till=other_till, person=person, ended=ended)


def stored(door: Door) -> dict[str, int]:
    return {table: door.count(table) for table in TABLES}


def unsigned() -> dict[str, str]:
    """A token that says `alg: none` and is signed by nobody."""
    words: list[dict[str, Any]] = [
        {"alg": "none", "typ": "JWT"},
        {"iss": "relais", "sub": str(uuid4()), "jti": "1", "role": "admin", "sites": []}
        | {"operator": None, "iat": 0, "exp": 2**33},
    ]
    parts = [base64.urlsafe_b64encode(json.dumps(word).encode()).decode() for word in words]
    return {"Authorization": f"Bearer {'.'.join(part.rstrip('=') for part in parts)}."}


def assert_problem(answer: httpx.Response, *, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["type"].endswith(code)
    assert document["title"]
    return document


class TestSale:
    def test_answers_what_the_till_prints(self, place: Place) -> None:
        before = stored(place.door)

        answer = place.door.sell(
            an_order(place.till, place.person, quantity=2, tendered_cents=1000)
        )

        assert answer.status_code == 201, answer.text
        sale = answer.json()
        assert set(sale) >= {
            *("sale_id", "ticket_no", "total_cents", "change_cents", "vouchers", "cap")
        }
        assert (sale["total_cents"], sale["change_cents"]) == (500, 500)
        assert sale["cap"]["month"] == f"{today():%Y-%m}"
        assert [set(voucher) for voucher in sale["vouchers"]] == [
            {"serial", "pin", "offer_code", "face_value_cents", "use_by"}
        ] * 2
        after = stored(place.door)
        assert {table: after[table] - before[table] for table in TABLES} == {
            "sale": 1,
            "sale_line": 1,
            "sale_voucher": 2,
            "cash_line": 1,
            "journal": 1,
            "outbox": 2,  # the sale, and the drawer that it opened
            "reveal": 0,
        }

        shown = place.door.get(f"{SALES}/{sale['sale_id']}")
        assert shown.status_code == 200
        assert shown.json()["state"] == "completed"
        assert [each["serial"] for each in shown.json()["vouchers"]] == [
            voucher["serial"] for voucher in sale["vouchers"]
        ]
        assert not any(voucher["pin"] in shown.text for voucher in sale["vouchers"])

    def test_is_for_volunteers_as_well(self, place: Place) -> None:
        helper = bearer("till_operator", SITE, volunteer=True)

        answer = place.door.sell(an_order(place.till, place.person), as_=helper)

        assert answer.status_code == 201, answer.text

    def test_sent_again_gives_the_same_answer_and_sells_nothing(self, place: Place) -> None:
        body, key = an_order(place.till, place.person), str(uuid4())
        first = place.door.sell(body, key=key)
        sales = place.door.count("sale")

        again = place.door.sell(body, key=key)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert place.door.count("sale") == sales

    def test_key_is_kept_from_another_person_with_the_same_body(self, place: Place) -> None:
        body, key = an_order(place.till, place.person), str(uuid4())
        assert place.door.sell(body, key=key).status_code == 201

        other = place.door.sell(body, key=key, as_=bearer("till_operator", SITE))

        assert_problem(other, status=409, code="idempotency.key_reused")
        assert "pin" not in other.text

    def test_answer_is_kept_from_who_no_longer_works_there(self, place: Place) -> None:
        body, key, seller = an_order(place.till, place.person), str(uuid4()), uuid4()
        here = bearer("till_operator", SITE, user_id=seller)
        done = place.door.sell(body, key=key, as_=here)
        gone = bearer("till_operator", "marseille", user_id=seller)

        again = [place.door.sell(body, key=key, as_=who) for who in (gone, here)]

        assert_problem(again[0], status=403, code="recharges.till.not_yours")
        assert "pin" not in again[0].text
        assert again[1].json() == done.json()


SENTENCES = {
    "accounts.token.missing": "Veuillez vous connecter : un jeton est nécessaire.",
    "accounts.token.expired": "Votre session est terminée. Veuillez vous reconnecter.",
    "accounts.token.invalid": "Votre jeton n'est pas valable. Veuillez vous reconnecter.",
    "accounts.role.not_allowed": "Votre rôle (prescripteur) ne le permet pas."
    " Qui le peut : caissier, responsable de point d'accueil ou administrateur.",
}


class TestCaller:
    @pytest.mark.parametrize(
        ("headers", "status", "code"),
        [
            ({}, 401, "accounts.token.missing"),
            ({"Authorization": "Basic cGFzc2U6cGFydG91dA=="}, 401, "accounts.token.missing"),
            (bearer("admin", lifetime=timedelta(seconds=-1)), 401, "accounts.token.expired"),
            (bearer("admin", key=OTHER_KEY), 401, "accounts.token.invalid"),
            (unsigned(), 401, "accounts.token.invalid"),
            ({"Authorization": "Bearer what.is.this"}, 401, "accounts.token.invalid"),
            (bearer("referrer"), 403, "accounts.role.not_allowed"),
        ],
    )
    def test_who_may_not_sell_is_told_so_in_french(
        self, place: Place, headers: dict[str, str], status: int, code: str
    ) -> None:
        before = stored(place.door)

        answer = place.door.sell(an_order(place.till, place.person), as_=headers)

        problem = assert_problem(answer, status=status, code=code)
        assert problem["detail"] == SENTENCES[code]
        assert stored(place.door) == before

    def test_of_another_site_sees_neither_sale_nor_stock(self, place: Place) -> None:
        sale_id = place.door.sell(an_order(place.till, place.person)).json()["sale_id"]
        stranger = bearer("till_operator", "antony")

        for path, parameters in ((f"{SALES}/{sale_id}", {}), ("/v1/stock", {"site_code": SITE})):
            answer = place.door.get(path, as_=stranger, **parameters)
            assert_problem(answer, status=403, code="accounts.site.not_yours")
        tills = place.door.get("/v1/tills", as_=stranger).json()
        assert [till["site_code"] for till in tills] == ["antony"]


# What a till sends -> status, code, and the French sentence of the person who sent it.
RULES: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "another site's till": (
        {"till": "other_till"},
        403,
        "recharges.till.not_yours",
        "Cette caisse est celle du point d'accueil antony, où vous ne travaillez pas.",
    ),
    "an unknown till": (
        {"till": "00000000-0000-0000-0000-000000000009"},
        404,
        "recharges.till.unknown",
        "Il n'y a pas de caisse 00000000-0000-0000-0000-000000000009.",
    ),
    "an unknown offer": (
        {"offer_code": "orange-5"},
        409,
        "recharges.offer.unknown",
        "Il n'y a pas d'offre orange-5 ce jour.",
    ),
    "less than the price": (
        {"tendered_cents": 249},
        409,
        "recharges.payment.tendered_too_little",
        "Le client a remis 2,49\xa0€ et le prix est de 2,50\xa0€.",
    ),
    "an ended entitlement": (
        {"person": "ended"},
        409,
        "recharges.entitlement.ended",
        "Les droits de cette personne ont pris fin le ",
    ),
    "somebody without entitlement": (
        {"person": "00000000-0000-0000-0000-000000000008"},
        409,
        "recharges.entitlement.missing",
        "Cette personne n'a pas de droits ouverts.",
    ),
    "no voucher left": (
        {"offer_code": "sfr-500mo"},
        409,
        "recharges.stock.no_voucher_left",
        "Bons de recharge sfr-500mo restant à ce point d'accueil : 0 ; demandés : 1.",
    ),
}


class TestRules:
    @pytest.mark.parametrize("name", RULES)
    def test_refuse_in_french_and_change_nothing(self, place: Place, name: str) -> None:
        changes, status, code, sentence = RULES[name]
        before = stored(place.door)
        till, person = changes.get("till", "till"), changes.get("person", "person")
        body = an_order(
            getattr(place, till, till),
            getattr(place, person, person),
            offer_code=changes.get("offer_code", "sfr-15"),
            tendered_cents=changes.get("tendered_cents", 1000),
        )

        problem = assert_problem(place.door.sell(body), status=status, code=code)

        assert problem["detail"].startswith(sentence)
        english = place.door.sell(body, as_=SELLER | {"Accept-Language": "en-GB"}).json()
        assert english["detail"] != problem["detail"]
        assert english["title"] != problem["title"]
        assert stored(place.door) == before

    def test_refuse_what_is_over_the_monthly_cap(self, place: Place) -> None:
        with committed(place.door.schema) as shop:
            person = shop.entitle(cap_cents=700)

        answers = [place.door.sell(an_order(place.till, person)) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [201, 201, 409]
        problem = assert_problem(answers[2], status=409, code="recharges.sale.cap_exceeded")
        assert problem["detail"] == (
            "Cette vente compte pour 2,50\xa0€ et il reste 2,00\xa0€ du plafond du mois."
        )

    def test_refuse_a_key_reused_with_another_body(self, place: Place) -> None:
        key = str(uuid4())
        assert place.door.sell(an_order(place.till, place.person), key=key).status_code == 201
        before = stored(place.door)

        again = place.door.sell(an_order(place.till, place.person, quantity=2), key=key)

        problem = assert_problem(again, status=409, code="idempotency.key_reused")
        assert problem["detail"].startswith("Cette Idempotency-Key a servi pour une autre demande.")
        assert stored(place.door) == before

    def test_refuse_a_card_while_the_card_service_is_away(self, place: Place) -> None:
        body = an_order(place.till, place.person) | {"payment": {"tender": "card"}}

        away = place.door.sell(body)

        assert_problem(away, status=503, code="recharges.payment.cards_away")
        assert away.headers["Retry-After"] == "2"

    def test_refuse_a_sale_that_is_not_there(self, place: Place) -> None:
        answer = place.door.get(f"{SALES}/{UUID(int=5)}")

        assert_problem(answer, status=404, code="recharges.sale.unknown")


def with_(**changes: Any) -> Any:
    """A body of which some fields are not as they should be."""
    return an_order(UUID(int=1), UUID(int=2)) | changes


def with_line(**changes: Any) -> Any:
    return with_(lines=[{"offer_code": "sfr-15", "quantity": 1} | changes])


# A body that breaks the schema -> the field that the problem names.
SHAPES: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "till_id"),
    "quantity 0": (with_line(quantity=0), "lines.0.quantity"),
    "quantity -1": (with_line(quantity=-1), "lines.0.quantity"),
    "quantity 10,000": (with_line(quantity=10_000), "lines.0.quantity"),
    "quantity 2**70": (with_line(quantity=2**70), "lines.0.quantity"),
    "quantity one and a half": (with_line(quantity=1.5), "lines.0.quantity"),
    "quantity as text": (with_line(quantity="1"), "lines.0.quantity"),
    "quantity true": (with_line(quantity=True), "lines.0.quantity"),
    "quantity null": (with_line(quantity=None), "lines.0.quantity"),
    "offer of other signs": (with_line(offer_code="sfr'; --"), "lines.0.offer_code"),
    "offer a megabyte long": (with_line(offer_code="a" * 900_000), "lines.0.offer_code"),
    "no line": (with_(lines=[]), "lines"),
    "eleven lines": (with_(lines=[{"offer_code": "sfr-15", "quantity": 1}] * 11), "lines"),
    "lines an object": (with_(lines={}), "lines"),
    "a till that is no id": (with_(till_id="caisse 1"), "till_id"),
    "a person that is a number": (with_(person_ref=42), "person_ref"),
    "no payment": (with_(payment=None), "payment"),
    "a cheque": (with_(payment={"tender": "cheque"}), "payment.tender"),
    "cash without an amount": (with_(payment={"tender": "cash"}), "payment"),
    "a negative amount": (
        with_(payment={"tender": "cash", "tendered_cents": -1}),
        "payment.tendered_cents",
    ),
    "too large an amount": (
        with_(payment={"tender": "cash", "tendered_cents": 2**63}),
        "payment.tendered_cents",
    ),
    "a field nobody knows": (with_(price_cents=1), "price_cents"),
    "a list": ([1, 2], ""),
    "a number": (7, ""),
    "null": (None, ""),
}
NO_JSON: dict[str, bytes] = {
    "a word": b"bonjour",
    "half an object": b'{"till_id": "',
    "a form": b"till_id=1&quantity=2",
    "bytes that are no text": b"\xff\xfe{}",
    "a lone surrogate": b'{"till_id": "\\ud800"}',
    "a hundred thousand brackets": b"[" * 100_000,
}


class TestBody:
    @pytest.mark.parametrize("name", SHAPES)
    def test_that_breaks_the_schema_names_the_field(self, place: Place, name: str) -> None:
        body, field = SHAPES[name]
        before = stored(place.door)

        problem = assert_problem(place.door.sell(body), status=422, code="relais.invalid")

        assert problem["detail"] == "Certains champs ne sont pas valables."
        assert field in [error["field"] for error in problem["errors"]]
        assert all(error["reason"] for error in problem["errors"])
        assert len(json.dumps(problem)) < 10_000
        assert stored(place.door) == before

    @pytest.mark.parametrize("name", NO_JSON)
    def test_that_is_no_json_is_told_so(self, place: Place, name: str) -> None:
        answer = place.door.client.post(
            SALES, content=NO_JSON[name], headers=SELLER | {"Idempotency-Key": "no-json"}
        )

        problem = assert_problem(answer, status=400, code="relais.request.not_json")
        assert problem["detail"] == "Le corps de la demande n'est pas du JSON."

    def test_with_a_nul_is_refused_before_it_reaches_the_database(self, place: Place) -> None:
        body = json.dumps(with_line(offer_code="a\x00b"))

        answer = place.door.client.post(
            SALES, content=body, headers=SELLER | {"Idempotency-Key": "nul"}
        )

        assert_problem(answer, status=422, code="relais.invalid")

    @pytest.mark.parametrize("chunked", [False, True])
    def test_of_five_megabytes_is_too_large(self, place: Place, chunked: bool) -> None:
        content = b"{" + b" " * 5_000_000 + b"}"
        sent = iter([content[:1_000_000]] * 5) if chunked else content

        answer = place.door.client.post(
            SALES, content=sent, headers=SELLER | {"Idempotency-Key": "large"}
        )

        problem = assert_problem(answer, status=413, code="relais.too_large")
        assert problem["detail"] == "Votre envoi dépasse la limite de 1000000 octets."
        assert place.door.get("/v1/offers").status_code == 200

    @pytest.mark.parametrize("key", [None, "", "é", "two words", "k" * 201])
    def test_without_a_good_key_is_refused(self, place: Place, key: str | None) -> None:
        headers = [(name.encode(), value.encode()) for name, value in SELLER.items()]
        if key is not None:
            headers.append((b"Idempotency-Key", key.encode()))

        answer = place.door.client.post(
            SALES, json=an_order(place.till, place.person), headers=headers
        )

        problem = assert_problem(answer, status=422, code="idempotency.key_missing")
        assert problem["detail"].startswith("Une commande qui change quelque chose doit porter")

    @pytest.mark.parametrize("key", ["k" * 200, "a\\b\"c'd{e},%s;--", "NULL", "~"])
    def test_with_any_visible_signs_as_its_key_is_one_sale(self, place: Place, key: str) -> None:
        body, sales = an_order(place.till, place.person), place.door.count("sale")

        answers = [place.door.sell(body, key=key) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].content == answers[1].content
        assert place.door.count("sale") == sales + 1


class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/nothing", 404),
            ("GET", "/v1/sales/no-id", 404),
            ("DELETE", "/v1/sales", 405),
            ("GET", "/v1/sales", 405),
            ("POST", "/v1/offers", 405),
        ],
    )
    def test_that_are_none_are_problems_too(
        self, place: Place, method: str, path: str, status: int
    ) -> None:
        answer = place.door.client.request(method, path, headers=SELLER)

        assert_problem(answer, status=status, code="relais.http")

    def test_show_the_tariff_of_today(self, place: Place) -> None:
        offers = place.door.get("/v1/offers", as_=bearer("referrer")).json()

        assert [offer["offer_code"] for offer in offers] == ["sfr-15", "sfr-500mo"]
        assert "Suivez les instructions de votre opérateur" in offers[0].pop("how_to_top_up")
        assert offers[0] == {
            "offer_code": "sfr-15",
            "operator": "sfr",
            "label": "Recharge SFR 15 €",
            "price_cents": 250,
            "face_value_cents": 1500,
            "data_mb": None,
        }

    def test_show_a_stock_whose_states_add_up(self, place: Place) -> None:
        with committed(place.door.schema) as shop:
            shop.open_site("lyon")
            shop.stock_up(7, site_code="lyon")
            till, person = shop.enrol_till(site_code="lyon"), shop.entitle()
        manager = bearer("site_manager", "lyon")
        assert place.door.sell(an_order(till, person, quantity=2), as_=manager).status_code == 201

        (stock,) = place.door.get("/v1/stock", as_=manager, site_code="lyon").json()

        assert stock["received"] == 7 == stock["available"] + stock["sold"] + stock["expired"]
        assert (stock["sold"], stock["soonest_use_by"]) == (2, "2035-06-30")
        assert stock["days_of_cover"] == 17.5  # five left at two in the week a new shelf counts

    def test_show_every_till_to_an_administrator(self, place: Place) -> None:
        tills = place.door.get("/v1/tills", as_=bearer("admin")).json()

        assert {str(place.till), str(place.other_till)} <= {till["till_id"] for till in tills}

    @pytest.mark.parametrize("path", ["/openapi.json", "/healthz", "/readyz", "/metrics"])
    def test_of_the_chassis_need_no_token(self, place: Place, path: str) -> None:
        assert place.door.client.get(path).status_code == 200

    def test_count_what_was_sold_for_the_metrics(self, place: Place) -> None:
        assert place.door.sell(an_order(place.till, place.person)).status_code == 201

        page = place.door.client.get("/metrics").text

        labels = 'offer="sfr-15",site="saint-denis",tender="cash"'
        assert f"relais_sales_total{{{labels}}}" in page
        assert 'relais_http_seconds_count{route="POST /v1/sales",status="201"}' in page
