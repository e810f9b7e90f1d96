"""A ticket at the HTTP door: as paper or text, and printed again as a duplicate."""

import base64
import json
from uuid import uuid4

import pytest

from tests.fix_service import bearer
from tests.recharges.build import SITE
from tests.recharges.door import committed
from tests.recharges.shop import KEYS, connect_as_admin
from tests.recharges.till_door import CASHIER, MANAGER, MEDIA, TillDoor


class TestReprint:
    def test_second_print_must_say_duplicata(self, counter: TillDoor) -> None:
        # Second print must say DUPLICATA (openpetra#646).
        sold = counter.sell()
        path = f"/v1/sales/{sold['sale_id']}"
        asked = {"reason": "imprimante en panne", "format": "html"}
        first = counter.post(f"{path}/reprints", asked, as_=MANAGER)
        second = counter.post(f"{path}/reprints", asked, as_=MANAGER)

        assert [each.status_code for each in (first, second)] == [201, 201], first.text
        assert [each.json()["copy_no"] for each in (first, second)] == [1, 2]
        assert [v["pin"] for v in second.json()["vouchers"]] == [v["pin"] for v in sold["vouchers"]]
        assert "DUPLICATA 1" in first.json()["printed"]["content"]
        assert "DUPLICATA 2" in second.json()["printed"]["content"]
        with committed(counter.door.schema) as shop:
            written = shop.all(
                "SELECT record FROM journal WHERE till_id = %s AND kind = 'duplicate'",
                counter.till,
            )
        copies = [json.loads(row["record"]) for row in written]
        assert [(each["copy_no"], each["ticket_no"]) for each in copies] == [(1, 1), (2, 1)]
        assert "imprimante en panne" not in str(copies)

    def test_is_logged_with_who_where_and_why(self, counter: TillDoor) -> None:
        sold = counter.sell()
        path = f"/v1/sales/{sold['sale_id']}"
        counter.post(f"{path}/reprints", {"reason": "illisible"}, as_=MANAGER)

        reveals = counter.door.get(f"{path}/reveals", as_=MANAGER).json()

        assert [(each["kind"], each["copy_no"], each["reason"]) for each in reveals] == [
            ("first", None, "sale"),
            ("reprint", 1, "illisible"),
        ]
        assert {each["till_id"] for each in reveals} == {str(counter.till)}
        assert counter.door.get(f"{path}/reveals", as_=CASHIER).status_code == 403

    def test_whose_answer_was_lost_is_the_same_copy(self, counter: TillDoor) -> None:
        sold, key = counter.sell(), str(uuid4())
        path = f"/v1/sales/{sold['sale_id']}/reprints"
        answers = [
            counter.post(path, {"reason": "perdu", "format": "sms"}, as_=MANAGER, key=key)
            for _ in range(2)
        ]

        assert answers[0].json() == answers[1].json()
        reveals = counter.door.get(f"/v1/sales/{sold['sale_id']}/reveals", as_=MANAGER).json()
        assert [each["kind"] for each in reveals] == ["first", "reprint", "retry"]

    def test_keeps_no_pin_anywhere(self, counter: TillDoor) -> None:
        sold = counter.sell(ticket="html")
        path = f"/v1/sales/{sold['sale_id']}/reprints"
        counter.post(path, {"reason": "perdu", "format": "pdf"}, as_=MANAGER)

        (pin,) = [each["pin"] for each in sold["vouchers"]]
        with committed(counter.door.schema) as shop:
            tables = shop.all(
                "SELECT table_name AS name FROM information_schema.tables"
                " WHERE table_schema = 'recharges' AND table_type = 'BASE TABLE'"
            )
            for table in tables:
                name = table["name"]
                found = shop.one(
                    f"SELECT count(*) FROM {name} AS row WHERE row::text LIKE '%%' || %s || '%%'",
                    pin,
                )
                assert (name, found) == (name, 0)

    def test_leaves_out_what_was_given_back(self, counter: TillDoor) -> None:
        sold = counter.sell(lines=[{"offer_code": "sfr-15", "quantity": 2}])
        path = f"/v1/sales/{sold['sale_id']}"
        first, second = (voucher["serial"] for voucher in sold["vouchers"])
        asked = {"reason": "erreur", "format": "html"}

        given_back(counter, sold["sale_id"], first)
        kept = counter.post(f"{path}/reprints", asked, as_=MANAGER)
        given_back(counter, sold["sale_id"], second)
        none = counter.post(f"{path}/reprints", asked, as_=MANAGER)

        assert kept.status_code == 201, kept.text
        assert [each["serial"] for each in kept.json()["vouchers"]] == [second]
        assert none.json()["code"] == "recharges.reprint.all_given_back"

    def test_gives_the_codes_though_the_paper_cannot_be_printed(self, counter: TillDoor) -> None:
        sold = counter.sell()
        with connect_as_admin(counter.door.schema) as admin:
            admin.execute("SET session_replication_role = 'replica'")
            admin.execute("DELETE FROM journal WHERE till_id = %s", (counter.till,))
        asked = {"reason": "perdu", "format": "html"}
        answer = counter.post(f"/v1/sales/{sold['sale_id']}/reprints", asked, as_=MANAGER)

        assert answer.status_code == 201, answer.text
        assert answer.json()["printed"] is None
        assert answer.json()["vouchers"] == sold["vouchers"]

    def test_needs_a_supervisor_and_a_reason(self, counter: TillDoor) -> None:
        path = f"/v1/sales/{counter.sell()['sale_id']}/reprints"

        assert counter.post(path, {"reason": "x"}, as_=CASHIER).status_code == 403
        assert counter.post(path, {"reason": ""}, as_=MANAGER).status_code == 422
        elsewhere = bearer("site_manager", "lyon")
        assert counter.post(path, {"reason": "x"}, as_=elsewhere).status_code == 403


def given_back(counter: TillDoor, sale_id: str, serial: str) -> None:
    """Ask for the refund of one voucher, which the operator has yet to answer."""
    with committed(counter.door.schema) as shop:
        refund_id = uuid4()
        shop.tx.execute(
            "INSERT INTO refund (refund_id, sale_id, till_id, site_code, amount_cents, tender,"
            " vouchers, state, reason, asked_at, asked_by)"
            " VALUES (%s, %s, %s, %s, 250, 'cash', 'refunded_by_operator', 'asked', 'x', now(),"
            " %s)",
            (refund_id, sale_id, counter.till, SITE, uuid4()),
        )
        shop.tx.execute(
            "INSERT INTO refund_voucher (refund_id, batch_id, position, taking)"
            " SELECT %s, batch_id, position, taking FROM sale_voucher"
            " JOIN voucher USING (batch_id, position) WHERE sale_id = %s AND serial = %s",
            (refund_id, sale_id, serial),
        )


class TestTicket:
    @pytest.mark.parametrize("format", [*MEDIA])
    def test_comes_with_the_sale_where_it_is_asked_for(
        self, counter: TillDoor, format: str
    ) -> None:
        sold = counter.sell(ticket=format)

        printed = sold["printed"]
        assert (printed["format"], printed["media_type"]) == (format, MEDIA[format])
        (voucher,) = sold["vouchers"]
        if MEDIA[format].startswith("text/"):
            text = printed["content"].replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
            assert "DUPLICATA" not in text
            assert voucher["serial"] in text
            if format == "html":
                fours = [voucher["pin"][place : place + 4] for place in range(0, 14, 4)]
                assert all(four in text for four in fours)
            else:
                assert voucher["pin"] in text
        else:
            start = {"pdf": b"%PDF", "escpos": b"\x1b@"}[format]
            assert base64.b64decode(printed["content"]).startswith(start)

    def test_comes_in_several_formats_with_the_same_codes(self, counter: TillDoor) -> None:
        sold = counter.sell(tickets=["html", "sms", "escpos"])

        assert [each["format"] for each in sold["papers"]] == ["html", "sms", "escpos"]
        assert sold["printed"] is None
        (voucher,) = sold["vouchers"]
        assert voucher["pin"] in sold["papers"][1]["content"]

    def test_is_not_printed_unless_it_is_asked_for(self, counter: TillDoor) -> None:
        sold = counter.sell()

        assert (sold["printed"], sold["papers"]) == (None, [])

    @pytest.mark.parametrize("format", [*MEDIA])
    def test_is_looked_at_without_its_codes_and_says_duplicata(
        self, counter: TillDoor, format: str
    ) -> None:
        sold = counter.sell()
        shown = counter.door.get(f"/v1/sales/{sold['sale_id']}/ticket", as_=CASHIER, format=format)

        assert shown.status_code == 200, shown.text
        assert shown.headers["Content-Type"] == MEDIA[format]
        if format != "pdf":
            assert b"DUPLICATA" in shown.content
        (pin,) = [each["pin"] for each in sold["vouchers"]]
        flat = shown.content.replace(b" ", b"")
        assert pin.encode() not in flat

    def test_is_signed_with_a_key_whose_public_half_is_kept(self, counter: TillDoor) -> None:
        counter.sell()

        with committed(counter.door.schema) as shop:
            kept = shop.all("SELECT key_id, public_key FROM journal_key")
        assert {row["key_id"]: row["public_key"] for row in kept} == KEYS.public_keys()

    def test_shows_what_an_inspector_and_a_customer_look_for(self, counter: TillDoor) -> None:
        sold = counter.sell(ticket="html")
        content = sold["printed"]["content"]

        with committed(counter.door.schema) as shop:
            signature = shop.one(
                "SELECT signature FROM journal WHERE till_id = %s AND kind = 'ticket'",
                counter.till,
            )
        written = base64.urlsafe_b64encode(signature).decode()
        assert written[2] + written[6] + written[12] + written[18] in content
        assert f"{sold['cap']['left_cents'] // 100},50" in content
        voucher = sold["vouchers"][0]
        assert voucher["use_by"][:4] in content
        for words in ("À utiliser au plus tard le", "Reste à acheter", "opérateur"):
            assert words in content
