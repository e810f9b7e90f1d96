"""The demonstration's data: repeatable, complete, and true to what its own papers say."""

import csv
import io
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from stdnum import imei

from deploy.demo import data
from deploy.demo.data.network import SELLING
from deploy.demo.data.people import NEEDS, SITUATIONS
from deploy.demo.data.vouchers import COLUMNS
from kernel.money import Cents
from services.recharges.domain import delivery

MADE = data.demonstration()
ROLES = {
    "till_operator",
    "mediator",
    "operator_partner",
    "referrer",
    "site_manager",
    "admin",
}


def rows_of(content: bytes, *, encoding: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(encoding)), delimiter=delimiter))


class TestWrite:
    def test_makes_the_same_bytes_on_every_run(self, tmp_path: Path) -> None:
        first, second = (
            {
                path.relative_to(folder): path.read_bytes()
                for path in data.write(data.demonstration(), folder)
            }
            for folder in (tmp_path / "first", tmp_path / "second")
        )

        assert first == second
        assert len(first) == 15

    def test_follows_the_day(self) -> None:
        later = data.demonstration(today=data.REFERENCE_DAY + timedelta(days=40))

        assert later.network == MADE.network
        assert {each.period for each in later.option_reports} == {"2026-11"}
        assert {each.batch for each in later.deliveries} == {"SFR-2026-12-A", "SFR-2026-12-B"}

    def test_writes_json_that_reads_back(self, tmp_path: Path) -> None:
        for path in data.write(MADE, tmp_path):
            if path.suffix == ".json":
                assert json.loads(path.read_text(encoding="utf-8"))


class TestNetwork:
    def test_holds_the_seven_reception_points(self) -> None:
        assert [site.site_code for site in MADE.network.sites] == [
            "paris-19",
            "paris-14",
            "antony",
            "saint-denis",
            "marseille",
            "grenoble",
            "lyon",
        ]

    def test_has_somebody_in_every_role_at_each_selling_site(self) -> None:
        for site in SELLING:
            assert {user.role for user in MADE.network.users if site in user.listed_at} == ROLES

    def test_gives_each_till_an_operator_of_its_own_site(self) -> None:
        operators = [user for user in MADE.network.users if user.role == "till_operator"]

        assert len(MADE.network.tills) == len(operators) == 14
        assert {(user.site_codes, user.till_name) for user in operators} == {
            ((till.site_code,), till.name) for till in MADE.network.tills
        }

    def test_binds_to_sites_those_who_work_there_only(self) -> None:
        for user in MADE.network.users:
            works_there = user.role in ("till_operator", "mediator", "site_manager")
            assert user.site_codes == (user.listed_at if works_there else ())

    def test_names_an_operator_for_partners_only(self) -> None:
        for user in MADE.network.users:
            assert (user.operator is not None) == (user.role == "operator_partner")

    def test_uses_addresses_that_reach_nobody(self) -> None:
        emails = [user.email for user in MADE.network.users]

        assert len(set(emails)) == len(emails)
        assert all(email.endswith(".example") for email in emails)


class TestPeople:
    def test_are_sixty_different_fictional_persons(self) -> None:
        assert len(MADE.people) == 60
        assert len({(each.given_name, each.family_name) for each in MADE.people}) == 60

    def test_have_phones_in_the_range_kept_for_fiction(self) -> None:
        phones = [each.phone for each in MADE.people if each.phone is not None]

        assert len(set(phones)) == len(phones) > 30
        assert all(phone.startswith("06 39 98 ") for phone in phones)

    def test_make_referrals_within_the_schema(self) -> None:
        for body in (person.referral() for person in MADE.people):
            assert body["situation"] in SITUATIONS
            assert set(body["needs"]) <= set(NEEDS)
            assert body["entry"]["monthly_spend_cents"] >= 0

    @pytest.mark.parametrize("need", NEEDS)
    def test_want_everything_there_is(self, need: str) -> None:
        assert any(need in person.needs for person in MADE.people)


class TestVouchers:
    def test_are_five_thousand_in_two_batches_at_three_sites(self) -> None:
        assert sum(each.count for each in MADE.deliveries) == 5_000
        assert [(each.batch, each.site_code) for each in MADE.deliveries] == [
            (f"SFR-2026-11-{letter}", site) for letter in "AB" for site in SELLING
        ]

    def test_match_their_delivery_note(self) -> None:
        for each in MADE.deliveries:
            columns, *rows = rows_of(each.content, encoding=each.encoding, delimiter=each.delimiter)
            face_value = columns.index("face_value_cents")

            assert tuple(columns[:5]) == COLUMNS
            assert len(rows) == each.count
            assert sum(int(row[face_value]) for row in rows) == each.face_value_cents
            assert Counter(row[2] for row in rows) == each.count_by_offer

    def test_need_the_encoding_that_the_note_says(self) -> None:
        with pytest.raises(UnicodeDecodeError):
            MADE.deliveries[-1].content.decode("utf-8")
        assert "€" in MADE.deliveries[-1].content.decode("cp1252")

    def test_are_read_by_recharges(self) -> None:
        for each in MADE.deliveries:
            read = delivery.read(
                delivery.decode(each.content),
                face_values={"sfr-15": Cents(1_500), "sfr-500mo": Cents(500)},
                on=data.REFERENCE_DAY,
            )
            delivery.check_totals(
                Counter(voucher.kind for voucher in read),
                count=each.count,
                face_value_cents=each.face_value_cents,
            )

    def test_are_never_twice_the_same(self) -> None:
        rows = [
            row
            for each in MADE.deliveries
            for row in rows_of(each.content, encoding=each.encoding, delimiter=each.delimiter)[1:]
        ]

        assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == 5_000
        assert all(len(row[1]) == 14 and row[1].isdigit() for row in rows)
        assert any(row[1].startswith("0") for row in rows)
        assert len({row[4] for row in rows}) == 4
        assert all(date.fromisoformat(row[4]) > data.REFERENCE_DAY for row in rows)


class TestOptionReport:
    def test_of_the_main_operator_has_ten_thousand_lines(self) -> None:
        main = MADE.option_reports[0]

        assert (main.operator, main.period, main.lines) == ("sfr", "2026-10", 10_000)
        assert main.lines_by_kind == {"BILLED": 9_620, "REVERSED": 300, "ADJUST": 80}

    @pytest.mark.parametrize(
        ("place", "encoding", "delimiter"), [(0, "utf-8", ";"), (1, "cp1252", ",")]
    )
    def test_agrees_with_its_header(self, place: int, encoding: str, delimiter: str) -> None:
        report = MADE.option_reports[place]
        header, columns, *rows = rows_of(report.content, encoding=encoding, delimiter=delimiter)
        lines = [dict(zip(columns, row, strict=True)) for row in rows]

        assert header[-4:] == [
            report.operator,
            report.period,
            str(len(lines)),
            str(sum(int(line["amount_cents"]) for line in lines)),
        ]

    @pytest.mark.parametrize(("place", "encoding", "delimiter"), [(0, "utf-8", ";")])
    def test_never_says_a_line_twice(self, place: int, encoding: str, delimiter: str) -> None:
        _, columns, *rows = rows_of(
            MADE.option_reports[place].content, encoding=encoding, delimiter=delimiter
        )
        keys = {tuple(row[columns.index(name)] for name in columns[:4]) for row in rows}

        assert len(keys) == len(rows)


class TestDevices:
    def test_are_forty_with_one_number_each(self) -> None:
        numbers = [device.imei or device.serial for device in MADE.lot.devices]

        assert len(set(numbers)) == len(numbers) == 40
        assert None not in numbers

    def test_have_valid_imeis_that_belong_to_no_real_phone(self) -> None:
        imeis = [device.imei for device in MADE.lot.devices if device.imei is not None]

        assert len(imeis) == 24
        assert all(imei.is_valid(number) and number.startswith("00") for number in imeis)

    def test_are_graded_only_after_wipe_and_test(self) -> None:
        for device in MADE.lot.devices:
            assert (device.grade is not None) == (device.wipe_passed and device.test_passed)
        assert sum(device.grade is None for device in MADE.lot.devices) == 7

    def test_are_tested_on_all_functions_asked_for(self) -> None:
        broken = next(device for device in MADE.lot.devices if not device.test_passed)

        checks = broken.test(["screen", "battery", "camera", "wifi"])["checks"]

        assert sorted(checks) == ["battery", "camera", "screen", "wifi"]
        assert {name for name, works in checks.items() if not works} == set(broken.failed_functions)
