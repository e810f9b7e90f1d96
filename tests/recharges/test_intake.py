"""Voucher deliveries on a real database: all of a file or nothing, and never twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest

from kernel.refusal import Refusal
from services.recharges.domain import reading
from services.recharges.domain.delivery import (
    CountDiffers,
    FaceValueDiffers,
    OfferUnknown,
    PinKnown,
    PinTwice,
    SerialKnown,
    SerialMalformed,
    SerialTwice,
    SiteUnknown,
    UseByPassed,
)
from services.recharges.events import BatchReceived
from services.recharges.intake import (
    BatchTwice,
    FileTwice,
    OperatorUnknown,
    ReceiverUnsaid,
    waits_for_release,
)
from tests.recharges.build import DAY, NOON, SITE, a_file, a_row, rows
from tests.recharges.shop import PINS, Shop

STORED = ("batch", "voucher", "lot", "outbox")


def stored(shop: Shop) -> dict[str, int]:
    return {table: shop.one(f"SELECT count(*) FROM {table}") for table in STORED}


@contextmanager
def refuses(shop: Shop, kind: type[Refusal], **values: object) -> Iterator[None]:
    """The import in the block is refused by that rule, with these values, and changes nothing."""
    before = stored(shop)
    with pytest.raises(kind) as refusal, shop.tx.transaction():
        yield
    assert {name: refusal.value.values.get(name) for name in values} == values
    assert stored(shop) == before


@pytest.fixture
def site(shop: Shop) -> str:
    return shop.open_site()


@pytest.mark.usefixtures("site")
class TestReceiveBatch:
    def test_stores_every_voucher_once_its_pin_sealed(self, shop: Shop) -> None:
        lines = [*rows(3), *rows(2, offer_code="sfr-500mo"), a_row(use_by="2027-01-31")]

        shop.receive(a_file(lines), batch_code="SFR-A", count=6, face_value_cents=7000)

        kept = shop.all("SELECT position, serial, pin_key_id, pin_sealed, pin_index FROM voucher")
        assert sorted(row["serial"] for row in kept) == sorted(line["serial"] for line in lines)
        assert {row["pin_key_id"] for row in kept} == {"test"}
        pins = {line["serial"]: line["pin"] for line in lines}
        for row in kept:
            assert row["pin_index"] == PINS.index(pins[row["serial"]], operator="sfr")
            assert pins[row["serial"]].encode() not in bytes(row["pin_sealed"])
        lots = shop.all(
            "SELECT offer_code, use_by::text, first_position, next_position, end_position, state"
            "  FROM lot ORDER BY first_position"
        )
        assert [tuple(lot.values()) for lot in lots] == [
            ("sfr-15", "2027-01-31", 1, 1, 2, "available"),
            ("sfr-15", "2027-06-30", 2, 2, 5, "available"),
            ("sfr-500mo", "2027-06-30", 5, 5, 7, "available"),
        ]

    def test_tells_what_arrived(self, shop: Shop) -> None:
        lines = [*rows(3), *rows(2, offer_code="sfr-500mo")]

        fact = shop.receive(a_file(lines), batch_code="SFR-A")

        (told,) = shop.all("SELECT type, subject, site, data FROM outbox")
        assert (told["type"], told["subject"], told["site"]) == (
            "recharges.batch.received.v1",
            str(fact.batch_id),
            SITE,
        )
        assert BatchReceived.model_validate(told["data"]) == fact
        assert (fact.vouchers, fact.face_value_cents) == (5, 5500)
        assert [offer.model_dump() for offer in fact.offers] == [
            {"offer_code": "sfr-15", "count": 3, "face_value_cents": 4500},
            {"offer_code": "sfr-500mo", "count": 2, "face_value_cents": 1000},
        ]

    def test_shows_its_progress_to_the_end(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "BLOCK_CHARACTERS", 80)
        steps: list[tuple[str, int, int]] = []

        shop.receive(a_file(rows(5)), steps=steps)

        assert [step for step, *_ in steps] == [*["read"] * 3, *["seal"] * 3, *["store"] * 2]
        assert [done for _, done, _ in steps] == [2, 4, 5, 2, 4, 5, 0, 5]


@pytest.mark.usefixtures("site")
class TestQuarantine:
    def test_holds_a_delivery_until_a_second_person_releases_it(self, shop: Shop) -> None:
        shop.tx.execute("UPDATE supply_rule SET quarantined = true")
        receiver = uuid4()

        fact = shop.receive(a_file(rows(3)), received_by=receiver)

        assert waits_for_release(shop.tx, fact.batch_id)
        assert shop.all("SELECT state, received_by FROM batch") == [
            {"state": "received", "received_by": receiver}
        ]
        assert shop.all("SELECT state FROM lot") == [{"state": "quarantined"}]

    def test_is_refused_where_nobody_says_who_received_it(self, shop: Shop) -> None:
        shop.tx.execute("UPDATE supply_rule SET quarantined = true")

        with pytest.raises(ReceiverUnsaid):
            shop.receive(a_file(rows(3)), received_by=None)

        assert shop.one("SELECT count(*) FROM batch") == 0

    def test_is_the_rule_of_the_day_of_the_import(self, shop: Shop) -> None:
        shop.tx.execute("UPDATE supply_rule SET until_on = %s", (DAY,))
        shop.tx.execute(
            "INSERT INTO supply_rule (operator, from_on, quarantined, lead_time_days)"
            " VALUES ('sfr', %s, true, 10)",
            (DAY,),
        )

        before = shop.receive(a_file(rows(1)), now=NOON - timedelta(days=1))
        after = shop.receive(a_file(rows(1)), now=NOON)

        assert not waits_for_release(shop.tx, before.batch_id)
        assert waits_for_release(shop.tx, after.batch_id)

    def test_is_not_where_nobody_asks_for_it(self, shop: Shop) -> None:
        fact = shop.receive(a_file(rows(3)), received_by=None)

        assert not waits_for_release(shop.tx, fact.batch_id)
        assert shop.all("SELECT state, received_by FROM batch") == [
            {"state": "active", "received_by": None}
        ]
        assert shop.all(
            "SELECT moved_by, what, site_code, offer_code, first_position, end_position"
            "  FROM stock_move"
        ) == [
            {
                "moved_by": None,
                "what": "received",
                "site_code": SITE,
                "offer_code": "sfr-15",
                "first_position": 1,
                "end_position": 4,
            }
        ]


@pytest.mark.usefixtures("site")
class TestBadInput:
    def test_same_file_imported_twice(self, shop: Shop) -> None:
        # Forus#1386, 121-platform#2585: under another batch code, at another site, it is the same.
        content = a_file(rows(3))
        shop.open_site("antony")
        shop.receive(content, batch_code="SFR-A")

        with refuses(shop, FileTwice, batch_code="SFR-A", site_code=SITE):
            shop.receive(content, batch_code="SFR-B", site_code="antony")

    def test_same_batch_code_twice(self, shop: Shop) -> None:
        shop.receive(a_file(rows(3)), batch_code="SFR-A")

        with refuses(shop, BatchTwice, batch_code="SFR-A", site_code=SITE):
            shop.receive(a_file(rows(3)), batch_code="SFR-A")

    def test_serial_known_from_another_batch_names_the_line(self, shop: Shop) -> None:
        known = rows(3)
        shop.receive(a_file(known))
        lines = [*rows(4), a_row(serial=known[1]["serial"]), a_row(serial=known[0]["serial"])]

        with refuses(shop, SerialKnown, line_no=6, serial=known[1]["serial"]):
            shop.receive(a_file(lines))

    def test_pin_known_from_another_batch_names_the_line_and_not_the_pin(self, shop: Shop) -> None:
        known = rows(3)
        shop.receive(a_file(known))
        lines = [*rows(2), a_row(serial="SER-9", pin=known[2]["pin"])]

        with refuses(shop, PinKnown, line_no=4, serial="SER-9"):
            shop.receive(a_file(lines))

    @pytest.mark.parametrize(
        ("broken", "kind"),
        [
            (a_row(serial="?"), SerialMalformed),
            (a_row(offer_code="orange-15"), OfferUnknown),
            (a_row(use_by="2026-11-20"), UseByPassed),
        ],
    )
    def test_one_broken_line_refuses_the_whole_file(
        self, shop: Shop, broken: dict[str, str], kind: type[Refusal]
    ) -> None:
        with refuses(shop, kind, line_no=5):
            shop.receive(a_file([*rows(3), broken, *rows(3)]))

    def test_first_line_that_is_known_is_named_whatever_its_place_in_the_stock(
        self, shop: Shop
    ) -> None:
        # sfr-15 lies before sfr-500mo, and the constraint finds the PIN of the last line first.
        known = rows(2)
        shop.receive(a_file(known))
        lines = [
            *rows(2),
            a_row(serial=known[0]["serial"], offer_code="sfr-500mo"),
            a_row(pin=known[1]["pin"]),
        ]

        with refuses(shop, SerialKnown, line_no=4, serial=known[0]["serial"]):
            shop.receive(a_file(lines))

    def test_serial_or_pin_twice_in_the_file(self, shop: Shop) -> None:
        first = a_row()

        with refuses(shop, SerialTwice, line_no=4, first_line_no=2):
            shop.receive(a_file([first, *rows(1), a_row(serial=first["serial"])]))
        with refuses(shop, PinTwice, line_no=4, first_line_no=2):
            shop.receive(a_file([first, *rows(1), a_row(pin=first["pin"])]))

    def test_control_totals_that_differ_from_the_delivery_note(self, shop: Shop) -> None:
        with refuses(shop, CountDiffers, expected=4, found=3):
            shop.receive(a_file(rows(3)), count=4, face_value_cents=4500)
        with refuses(shop, FaceValueDiffers, expected_cents=6000, found_cents=4500):
            shop.receive(a_file(rows(3)), count=3, face_value_cents=6000)

    def test_unknown_operator_or_site(self, shop: Shop) -> None:
        with refuses(shop, OperatorUnknown, operator="orange"):
            shop.receive(a_file(rows(1)), operator="orange")
        with refuses(shop, SiteUnknown, site_code="nowhere"):
            shop.receive(a_file(rows(1)), site_code="nowhere")

    def test_offer_before_its_tariff(self, shop: Shop) -> None:
        with refuses(shop, OperatorUnknown, operator="sfr"):
            shop.receive(a_file(rows(1)), now=NOON - timedelta(days=366 * 20))
