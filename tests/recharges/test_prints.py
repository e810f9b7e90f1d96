"""Closings and receipts of refunds on paper: one original, then numbered duplicates."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg import errors, sql

from chassis.forgotten import NO_WORDS
from services.recharges.handlers import archiving
from services.recharges.handlers.reports import code_of
from tests.erasures import forget
from tests.fix_service import bearer
from tests.recharges.build import SITE
from tests.recharges.desk import Desk
from tests.recharges.door import committed
from tests.recharges.printing import papers
from tests.recharges.shop import KEYS, Shop
from tests.recharges.till_door import CASHIER, CASHIER_ID, MANAGER, MANAGER_ID, TillDoor

COLLEAGUE_ID = uuid4()
COLLEAGUE = bearer("till_operator", SITE, user_id=COLLEAGUE_ID, name="Awa D.")
STRANGER = bearer("till_operator", "lyon")
MEDIATOR = bearer("mediator", SITE)
OPERATOR = bearer("operator_partner", operator="sfr")
AGAIN = {"reason": "papier perdu"}
#: In words that a person of the staff wrote, though told to name nobody.
NAME = "Pimprenelle Sauge"


@dataclass(frozen=True, kw_only=True)
class Counter(TillDoor):
    """A till, its closings, and what its journal says of them."""

    def close_a_day(self) -> str:
        """Sell, move cash, hand over, count with a large gap, approve; return the Z."""
        session = f"/v1/drawer-sessions/{self.open()}"
        self.sell()
        moved = {"kind": "out", "amount_cents": 100, "reason": "timbres"}
        self.done(f"{session}/movements", moved)
        handed = {"to_user": str(COLLEAGUE_ID), "counted": {"2000": 2, "100": 1}}
        self.done(f"{session}/handovers", handed)
        self.sell(as_=COLLEAGUE)
        self.done(f"{session}/close", {"counted": {"2000": 1}}, as_=COLLEAGUE)
        approved = self.done(f"{session}/approval", {"reason": "billet égaré"}, as_=MANAGER)
        closing: str = approved["closing_id"]
        return closing

    def records(self, kind: str) -> list[dict[str, Any]]:
        with committed(self.door.schema) as shop:
            rows = shop.all(
                "SELECT record FROM journal WHERE till_id = %s AND kind = %s ORDER BY sequence",
                self.till,
                kind,
            )
        return [json.loads(row["record"]) for row in rows]

    def assert_whole(self) -> None:
        with committed(self.door.schema) as shop:
            now = datetime.now(UTC)
            Desk(shop=shop, till_id=self.till, person=self.person, now=now).assert_whole()


@pytest.fixture
def counter(counter: TillDoor) -> Counter:
    return Counter(door=counter.door, till=counter.till, person=counter.person)


def code(answer: httpx.Response) -> str:
    found: str = answer.json()["code"]
    return found


def text_of(printed: dict[str, Any]) -> str:
    """What a person reads on what was printed."""
    content = printed["content"]
    match printed["format"]:
        case "html":
            return papers.text_of_html(content)
        case "pdf":
            return papers.text_of_pdf(base64.b64decode(content))
        case "escpos":
            return papers.text_of_roll(base64.b64decode(content))
    return papers.flat(content)


def rows_with(word: str, *, shop: Shop) -> list[str]:
    """The tables of which a row holds a word, each as often as it does."""
    tables = [
        row["relname"]
        for row in shop.all(
            "SELECT relname FROM pg_class WHERE relnamespace = 'recharges'::regnamespace"
            " AND relkind = 'r' AND has_table_privilege(oid, 'SELECT')"
        )
    ]
    assert "journal" in tables
    return [
        table
        for table in tables
        for row in shop.tx.execute(
            sql.SQL("SELECT each::text AS said FROM {} AS each").format(sql.Identifier(table))
        )
        if word in row["said"]
    ]


class TestZ:
    def test_names_the_people_and_what_they_did(self, counter: Counter) -> None:
        path = f"/v1/closings/{counter.close_a_day()}/prints"

        text = text_of(counter.done(path, {"format": "html"})["printed"])

        cashier, *others = map(code_of, (CASHIER_ID, COLLEAGUE_ID, MANAGER_ID))
        colleague, manager = f"Awa D. {others[0]}", f"Moussa K. {others[1]}"
        assert f"Ouverte par agent {cashier}" in text
        assert f"Tenue par agent {colleague}" in text
        assert f"De l'agent {cashier} à l'agent {colleague}" in text
        assert "Retrait : timbres" in text
        assert f"Comptée par agent {colleague}" in text
        assert f"Approuvé par agent {manager} Motif : billet égaré Approuvé le" in text
        assert "Écart -24,00 €" in text
        assert "Ancres du journal" in text
        # On the house's own papers alone: in no record, and in nothing that leaves.
        with committed(counter.door.schema) as shop:
            assert set(rows_with("Moussa K.", shop=shop)) == {"staff_name"}

    def test_is_in_the_journal_with_all_of_it(self, counter: Counter) -> None:
        counter.close_a_day()

        (record,) = counter.records("grand_total")
        drawer = record["drawer"]
        (handed,), (moved,) = drawer.pop("handovers"), drawer.pop("movements")
        approval = drawer.pop("approval")
        assert drawer.pop("opened_at") < handed.pop("handed_at") < drawer.pop("counted_at")
        assert drawer == {
            "opening": "counted",
            "opened_by": str(CASHIER_ID),
            "held_by": str(COLLEAGUE_ID),
            "counted_by": str(COLLEAGUE_ID),
            "float_cents": 4000,
            "expected_cents": 4400,
            "counted_cents": 2000,
            "gap_cents": -2400,
        }
        assert handed == {
            "from_user": str(CASHIER_ID),
            "to_user": str(COLLEAGUE_ID),
            "handed_by": str(CASHIER_ID),
            "counted_cents": 4100,
            "expected_cents": 4150,
        }
        assert (moved["moved_by"], moved["amount_cents"], moved["reason"]) == (
            str(CASHIER_ID),
            -100,
            "timbres",
        )
        assert (approval["approved_by"], approval["reason"]) == (str(MANAGER_ID), "billet égaré")
        counter.assert_whole()

    def test_printed_again_is_a_duplicate_with_a_number_and_a_reason(
        self, counter: Counter
    ) -> None:
        path = f"/v1/closings/{counter.close_a_day()}/prints"

        original = counter.done(path, {})
        by_cashier = counter.post(path, AGAIN)
        for_nothing = counter.post(path, {}, as_=MANAGER)
        copies = [counter.done(path, AGAIN, as_=MANAGER) for _ in range(2)]

        assert original["copy_no"] == 0
        assert "DUPLICATA" not in text_of(original["printed"])
        assert (by_cashier.status_code, code(by_cashier)) == (
            403,
            "recharges.print.printed_already",
        )
        assert (for_nothing.status_code, code(for_nothing)) == (
            409,
            "recharges.print.reason_missing",
        )
        assert [each["copy_no"] for each in copies] == [1, 2]
        assert "DUPLICATA 2 Réimprimé : papier perdu" in text_of(copies[1]["printed"])
        told = counter.records("duplicate")
        assert [(each["grand_total_no"], each["copy_no"]) for each in told] == [(1, 1), (1, 2)]
        assert {each["user_id"] for each in told} == {str(MANAGER_ID)}
        assert "papier perdu" not in str(told)
        counter.assert_whole()

    def test_asked_for_again_under_its_key_is_the_same_copy(self, counter: Counter) -> None:
        path, key = f"/v1/closings/{counter.close_a_day()}/prints", str(uuid4())
        counter.done(path, {})

        first, again = (counter.post(path, AGAIN, as_=MANAGER, key=key) for _ in range(2))

        assert first.json() == again.json()
        assert len(counter.records("duplicate")) == 1

    def test_printed_by_many_at_once_is_one_original(self, counter: Counter) -> None:
        path = f"/v1/closings/{counter.close_a_day()}/prints"
        with ThreadPoolExecutor(6) as people:
            printed = list(people.map(lambda _: counter.done(path, AGAIN, as_=MANAGER), range(6)))

        assert sorted(each["copy_no"] for each in printed) == [*range(6)]
        assert [each["copy_no"] for each in counter.records("duplicate")] == [1, 2, 3, 4, 5]

    def test_is_looked_at_as_a_duplicate_without_a_number(self, counter: Counter) -> None:
        closing_id = counter.close_a_day()

        seen = counter.door.get(f"/v1/closings/{closing_id}/report", as_=CASHIER)

        text = papers.text_of_html(seen.text)
        assert "DUPLICATA Pour consultation" in text
        assert counter.done(f"/v1/closings/{closing_id}/prints", {})["copy_no"] == 0

    def test_is_for_the_staff_of_its_site(self, counter: Counter) -> None:
        path = f"/v1/closings/{counter.close_a_day()}"

        for as_ in (STRANGER, MEDIATOR):
            assert counter.post(f"{path}/prints", {}, as_=as_).status_code == 403
            assert counter.door.get(f"{path}/report", as_=as_).status_code == 403
        unknown = counter.post(f"/v1/closings/{uuid4()}/prints", {})
        assert (unknown.status_code, code(unknown)) == (404, "recharges.closing.unknown")


class TestClosingOfAPeriod:
    @pytest.fixture
    def closings(self, counter: Counter) -> dict[str, str]:
        """What the clock closes of a till that sold two years ago; the day's drawer is open."""
        then = datetime.now(UTC) - timedelta(days=730)
        with committed(counter.door.schema) as shop:
            desk = Desk(shop=shop, till_id=counter.till, person=counter.person, now=then)
            shop.tx.execute("UPDATE entitlement SET from_on = '2020-01-01'")
            desk.sell(2)
            desk.at(datetime.now(UTC)).tick()
            return {
                period: str(desk.closings(period)[0]["closing_id"])
                for period in ("day", "month", "year")
            }

    @pytest.mark.parametrize("format", ["html", "pdf", "escpos"])
    @pytest.mark.parametrize(
        ("period", "title"),
        [
            ("day", "Clôture journalière n° 1"),
            ("month", "Clôture mensuelle n° 1"),
            ("year", "Clôture annuelle n° 1"),
        ],
        ids=["day", "month", "year"],
    )
    def test_is_printed(
        self, counter: Counter, closings: dict[str, str], period: str, title: str, format: str
    ) -> None:
        path = f"/v1/closings/{closings[period]}/prints"
        text = text_of(counter.done(path, {"format": format}, as_=MANAGER)["printed"])

        assert title in text
        assert "Clôturée par l'horloge" in text
        assert "En espèces 5,00 €" in text
        with committed(counter.door.schema) as shop:
            own = shop.one(
                "SELECT left(encode(hash, 'hex'), 16) FROM journal JOIN closing USING (till_id)"
                " WHERE kind = 'grand_total' AND sequence = record_sequence AND closing_id = %s",
                UUID(closings[period]),
            )
        assert own in text

    def test_is_hidden_from_who_has_yet_to_count(
        self, counter: Counter, closings: dict[str, str]
    ) -> None:
        path = f"/v1/closings/{closings['day']}"

        for refused in (counter.post(f"{path}/prints", {}), counter.door.get(f"{path}/report")):
            assert (refused.status_code, code(refused)) == (403, "recharges.closing.hidden")


class TestReceiptOfARefund:
    def _refund(
        self, counter: Counter, *, reason: str = "erreur d'offre"
    ) -> tuple[dict[str, Any], str]:
        sold = counter.sell()
        path = f"/v1/sales/{sold['sale_id']}/refunds"
        asked = counter.done(path, {"reason": reason}, as_=MANAGER)
        return sold, f"/v1/refunds/{asked['refund_id']}"

    def _paid_back(
        self, counter: Counter, *, reason: str = "erreur d'offre"
    ) -> tuple[dict[str, Any], str]:
        sold, path = self._refund(counter, reason=reason)
        counter.done(f"{path}/answer", {"granted": True, "why": "non utilisé"}, as_=OPERATOR)
        counter.done(f"{path}/payout", {"till_id": str(counter.till)}, as_=MANAGER)
        return sold, path

    def test_waits_for_the_money(self, counter: Counter) -> None:
        _, path = self._refund(counter)

        for refused in (counter.post(f"{path}/prints", {}), counter.door.get(f"{path}/ticket")):
            assert code(refused) == "recharges.refund.not_paid_back_yet"

    @pytest.mark.parametrize("format", ["html", "pdf", "escpos", "sms"])
    def test_says_what_was_given_back_and_no_pin(self, counter: Counter, format: str) -> None:
        sold, path = self._paid_back(counter)

        text = text_of(counter.done(f"{path}/prints", {"format": format})["printed"])

        (voucher,) = sold["vouchers"]
        assert voucher["pin"] not in text.replace(" ", "")
        assert "DUPLICATA" not in text
        assert "-2,50 €" in text
        if format == "sms":
            assert "Remboursement, ticket 2" in text
        else:
            assert "REMBOURSEMENT" in text
            assert "Du ticket n° 1 : erreur d'offre" in text
            assert "Remboursé en espèces" in text
            assert voucher["serial"] in text.replace(" ", "")

    def test_printed_again_is_a_duplicate(self, counter: Counter) -> None:
        _, path = self._paid_back(counter)
        counter.done(f"{path}/prints", {})

        refused = counter.post(f"{path}/prints", AGAIN)
        copy = counter.done(f"{path}/prints", AGAIN | {"format": "sms"}, as_=MANAGER)
        seen = counter.door.get(f"{path}/ticket", as_=CASHIER)

        assert code(refused) == "recharges.print.printed_already"
        assert "DUPLICATA 1." in text_of(copy["printed"])
        assert "DUPLICATA Pour consultation, sans les codes" in papers.text_of_html(seen.text)
        (told,) = counter.records("duplicate")
        assert (told["ticket_no"], told["copy_no"]) == (2, 1)
        counter.assert_whole()

    def test_names_nobody_who_was_erased_and_nor_does_the_journal(self, counter: Counter) -> None:
        sold, path = self._paid_back(counter, reason=f"{NAME} s'est trompée")
        again = {"reason": f"{NAME} a perdu le sien", "format": "html"}
        other = counter.sell()
        counter.done(f"/v1/sales/{other['sale_id']}/reprints", again, as_=MANAGER)
        key = str(uuid4())
        counter.done(f"{path}/prints", {})
        before = counter.post(f"{path}/prints", again, as_=MANAGER, key=key).json()["printed"]
        assert text_of(before).count(NAME) == 2
        with committed(counter.door.schema) as shop:
            counts = forget(shop.tx, counter.person, service="recharges")
            shop.tx.commit()

        same = counter.post(f"{path}/prints", again, as_=MANAGER, key=key).json()["printed"]
        refused = counter.post(f"{path}/prints", AGAIN, as_=MANAGER)
        copy = counter.done(f"{path}/prints", {"reason": NO_WORDS, "format": "html"}, as_=MANAGER)[
            "printed"
        ]
        seen = counter.door.get(f"{path}/ticket", as_=CASHIER).text

        assert (counts["refunds"], counts["reveals"], counts["receipts"]) == (1, 1, 1)
        assert code(refused) == "relais.person.words_refused"
        assert "DUPLICATA 1" in text_of(same)
        assert "Du ticket n° 1" in text_of(same)
        assert NAME not in text_of(same) + text_of(copy) + papers.text_of_html(seen)
        with committed(counter.door.schema) as shop:
            with pytest.raises(errors.RestrictViolation), shop.tx.transaction():
                shop.tx.execute("UPDATE paper_copy SET reason = 'autre'")
            assert rows_with(NAME, shop=shop) == []
            desk = Desk(
                shop=shop, till_id=counter.till, person=counter.person, now=datetime.now(UTC)
            )
            header = archiving.plan(shop.tx, counter.till, year=None, pen=desk.pen())
            archive = b"".join(archiving.lines(shop.tx, header, keys=KEYS)).decode()
        assert sold["sale_id"] in archive
        assert NAME not in archive
        counter.assert_whole()

    def test_is_for_the_staff_of_its_site(self, counter: Counter) -> None:
        _, path = self._paid_back(counter)

        for as_ in (STRANGER, MEDIATOR, OPERATOR):
            assert counter.post(f"{path}/prints", {}, as_=as_).status_code == 403
            assert counter.door.get(f"{path}/ticket", as_=as_).status_code == 403
        unknown = counter.post(f"/v1/refunds/{uuid4()}/prints", {})
        assert unknown.status_code == 404
