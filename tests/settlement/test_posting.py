"""What each fact posts, with no database in sight."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.envelope import Envelope
from services.settlement import reading
from services.settlement.domain.account import CHART, NETWORK, Account, Unit, balance
from services.settlement.domain.posting import (
    ACCOUNT_NAMED,
    POSTINGS,
    Contradiction,
    Entry,
    Kind,
    Named,
    Occurrence,
    Rule,
    UnknownName,
    post,
)
from tests.settlement.build import (
    a_batch,
    a_device_sold,
    a_drawer,
    a_refund,
    a_report,
    a_sale,
    a_till_opened,
    cash_moved,
    vouchers_moved,
)

MIGRATION = Path("services/settlement/migrations/0004_pre_follow_cash_and_shelves.sql")

#: Pairs that are posted the other way round where a figure is below zero.
TURNED = {
    ("option_gifts", "option_receivable"),
    ("cash_differences", "till_cash"),
    ("recharge_income", "till_cash"),
    ("recharge_income", "card_receivable"),
    ("site_cash", "till_cash"),
    ("bank_deposits", "till_cash"),
    ("cash_expenses", "till_cash"),
}
#: What an earlier posting made, and the ledger still holds.
FORMER = {("till_cash", "equipment_income")}


def pairs_of(rule: Rule) -> set[tuple[str, str]]:
    """The pairs of accounts a rule makes; two names in it are given by one word."""
    words: set[str] = set()
    for side in (rule.debit, rule.credit):
        if isinstance(side, Named):
            words |= set(ACCOUNT_NAMED[side])

    def account(side: Account | Named, word: str) -> str:
        return side.value if isinstance(side, Account) else ACCOUNT_NAMED[side][word].value

    return {(account(rule.debit, word), account(rule.credit, word)) for word in words or {""}}


def moves(entry: Entry) -> list[tuple[str, str, int, int]]:
    return [
        (each.debit.value, each.credit.value, each.amount_cents, each.item_count)
        for each in entry.transfers
    ]


class TestPost:
    def test_puts_a_batch_into_stock_offer_by_offer(self) -> None:
        [entry] = post(reading.batch_received(a_batch(offers=[(2, 3000), (1, 500)])))

        assert moves(entry) == [
            ("credits_stock", "credits_given", 3000, 2),
            ("credits_stock", "credits_given", 500, 1),
        ]
        assert [each.offer_code for each in entry.transfers] == ["sfr-0", "sfr-1"]
        assert (entry.site_code, entry.operator) == ("saint-denis", "sfr")

    def test_moves_credit_and_cash_of_a_sale(self) -> None:
        [entry] = post(reading.sale_completed(a_sale(lines=[("sfr", 2, 250, 1500)])))

        assert moves(entry) == [
            ("credits_sold", "credits_stock", 3000, 2),
            ("till_cash", "recharge_income", 500, 0),
        ]

    def test_keeps_card_money_out_of_the_till(self) -> None:
        [entry] = post(reading.sale_completed(a_sale(tender="card")))

        assert moves(entry)[1] == ("card_receivable", "recharge_income", 250, 0)

    def test_gives_each_operator_its_share_of_a_sale(self) -> None:
        lines = [("sfr", 1, 250, 1500), ("orange", 1, 300, 1000), ("sfr", 1, 150, 500)]

        entries = post(reading.sale_completed(a_sale(lines=lines)))

        assert {entry.operator: entry.declared_cents for entry in entries} == {
            "sfr": 400,
            "orange": 300,
        }

    def test_counts_a_voucher_that_has_no_face_value(self) -> None:
        [entry] = post(reading.sale_completed(a_sale(lines=[("sfr", 1, 150, 0)])))

        assert moves(entry)[0] == ("credits_sold", "credits_stock", 0, 1)

    def test_takes_reversed_gifts_back(self) -> None:
        report = a_report(lines=10, billed=900, reversed_=-100, adjusted=-50)

        [entry] = post(reading.option_reported(report))

        assert moves(entry) == [
            ("option_receivable", "option_gifts", 900, 10),
            ("option_gifts", "option_receivable", 100, 0),
            ("option_gifts", "option_receivable", 50, 0),
        ]
        assert entry.booked_on.isoformat() == "2026-11-30"

    def test_books_a_device_under_no_operator_and_in_no_drawer(self) -> None:
        [entry] = post(reading.device_sold(a_device_sold()))

        assert entry.operator == NETWORK
        assert moves(entry) == [("site_cash", "equipment_income", 6000, 1)]

    @pytest.mark.parametrize(
        ("read", "fact"),
        [
            (reading.sale_completed, a_sale(total_cents=251)),
            (reading.batch_received, a_batch(face_value_cents=1)),
            (reading.batch_received, a_batch(vouchers=11)),
            (reading.option_reported, a_report(total_cents=201)),
            (reading.sale_refunded, a_refund(total_cents=249)),
            (reading.drawer_closed, a_drawer(gap_cents=-1)),
            (reading.transfer_sent, vouchers_moved("transfer.sent", "t", vouchers=5)),
            (reading.vouchers_found, vouchers_moved("voucher.found", "v", face_value_cents=1)),
        ],
    )
    def test_refuses_a_total_that_its_parts_contradict(self, read, fact) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(Contradiction, match="in all, its parts add up to"):
            post(read(fact))

    def test_refuses_a_way_of_paying_it_has_no_account_for(self) -> None:
        with pytest.raises(UnknownName, match="tendered 'cowries'"):
            post(reading.sale_completed(a_sale(tender="cowries")))

    def test_refuses_vouchers_of_which_it_does_not_know_where_they_went(self) -> None:
        with pytest.raises(UnknownName, match="returned 'eaten'"):
            post(reading.sale_refunded(a_refund(vouchers="eaten")))

    def test_refuses_a_cause_and_a_purpose_it_has_no_account_for(self) -> None:
        stolen = vouchers_moved("voucher.written_off", "w", cause="stolen")
        with pytest.raises(UnknownName, match="cause 'stolen'"):
            post(reading.vouchers_written_off(stolen))
        with pytest.raises(UnknownName, match="purpose 'holiday'"):
            post(reading.cash_moved(cash_moved(1, -100, purpose="holiday")))

    def test_keeps_the_offers_of_one_operator_apart(self) -> None:
        lines = [("sfr", 1, 250, 1500), ("sfr", 2, 150, 500)]
        sale = a_sale(lines=lines)
        sale.data["lines"][1]["offer_code"] = "sfr-500mo"

        [entry] = post(reading.sale_completed(sale))

        assert [(each.offer_code, each.amount_cents) for each in entry.transfers] == [
            ("sfr-15", 1500),
            ("sfr-500mo", 1000),
            ("", 550),
        ]

    @pytest.mark.parametrize(
        ("read", "fact", "moved"),
        [
            (
                reading.transfer_sent,
                vouchers_moved("transfer.sent", "t"),
                ("credits_in_transit", "credits_stock", 6000, 4),
            ),
            (
                reading.transfer_received,
                vouchers_moved("transfer.received", "t"),
                ("credits_stock", "credits_in_transit", 6000, 4),
            ),
            (
                reading.transfer_cancelled,
                vouchers_moved("transfer.cancelled", "t"),
                ("credits_stock", "credits_in_transit", 6000, 4),
            ),
            (
                reading.vouchers_written_off,
                vouchers_moved("voucher.written_off", "w", cause="missing"),
                ("credits_lost", "credits_in_transit", 6000, 4),
            ),
            (
                reading.vouchers_written_off,
                vouchers_moved("voucher.written_off", "w", cause="expired"),
                ("credits_expired", "credits_stock", 6000, 4),
            ),
            (
                reading.vouchers_found,
                vouchers_moved("voucher.found", "f"),
                ("credits_stock", "credits_lost", 6000, 4),
            ),
            (
                reading.till_opened,
                a_till_opened(cents=5000),
                ("till_cash", "site_cash", 5000, 1),
            ),
            (
                reading.cash_moved,
                cash_moved(1, -3000),
                ("bank_deposits", "till_cash", 3000, 1),
            ),
            (
                reading.cash_moved,
                cash_moved(1, 2000, purpose="safe"),
                ("till_cash", "site_cash", 2000, 1),
            ),
        ],
        ids=lambda value: value.__name__ if callable(value) else "",
    )
    def test_follows_vouchers_and_cash_from_place_to_place(
        self,
        read: Callable[[Envelope], Occurrence],
        fact: Envelope,
        moved: tuple[str, str, int, int],
    ) -> None:
        [entry] = post(read(fact))

        assert moves(entry) == [moved]

    def test_of_a_transfer_that_wholly_went_missing_is_nothing(self) -> None:
        assert (
            post(reading.transfer_received(vouchers_moved("transfer.received", "t", offers=())))
            == []
        )

    @pytest.mark.parametrize(
        ("tender", "money", "vouchers", "back"),
        [
            ("cash", "till_cash", "returned", "credits_stock"),
            ("card", "card_receivable", "returned", "credits_stock"),
            ("cash", "till_cash", "refunded_by_operator", "credits_given"),
        ],
    )
    def test_takes_money_and_credit_of_a_refund_back(
        self, tender: str, money: str, vouchers: str, back: str
    ) -> None:
        refund = a_refund(tender=tender, vouchers=vouchers, lines=[("sfr", 2, 250, 1500)])

        [entry] = post(reading.sale_refunded(refund))

        assert moves(entry) == [
            (back, "credits_sold", 3000, 2),
            ("recharge_income", money, 500, 0),
        ]
        assert entry.declared_cents == -500

    @pytest.mark.parametrize(
        ("expected", "counted", "moved"),
        [
            (5000, 4850, ("cash_differences", "till_cash", 150, 1)),
            (5000, 5001, ("till_cash", "cash_differences", 1, 1)),
            (5000, 5000, ("till_cash", "cash_differences", 0, 1)),
        ],
    )
    def test_posts_the_difference_of_a_drawer_erpnext_43392(
        self, expected: int, counted: int, moved: tuple[str, str, int, int]
    ) -> None:
        [entry] = post(reading.drawer_closed(a_drawer(expected=expected, counted=counted)))

        assert moves(entry) == [moved, ("site_cash", "till_cash", counted, 0)]
        assert (entry.operator, entry.site_code) == (NETWORK, "saint-denis")

    @given(
        lines=st.lists(
            st.tuples(
                st.sampled_from(["sfr", "orange", "free"]),
                st.integers(1, 50),
                st.integers(0, 100_000),
                st.integers(0, 100_000),
            ),
            min_size=1,
            max_size=8,
        ),
        tender=st.sampled_from(sorted(ACCOUNT_NAMED[Named.TENDERED])),
    )
    def test_balances_and_adds_up_whatever_the_lines(self, lines, tender) -> None:  # type: ignore[no-untyped-def]
        entries = post(reading.sale_completed(a_sale(lines=lines, tender=tender)))

        net = dict.fromkeys(Account, 0)
        for entry in entries:
            for each in entry.transfers:
                assert each.debit != each.credit
                assert each.amount_cents > 0 or each.item_count > 0
                net[each.debit] += each.amount_cents
                net[each.credit] -= each.amount_cents
        for unit in Unit:
            assert sum(net[name] for name, meaning in CHART.items() if meaning.unit is unit) == 0
        assert -net[Account.RECHARGE_INCOME] == sum(n * price for _, n, price, _ in lines)
        assert net[Account.CREDITS_SOLD] == sum(n * face for _, n, _, face in lines)


def net_of(entries: Iterable[Entry], account: Account) -> int:
    return sum(
        each.amount_cents * ((each.debit is account) - (each.credit is account))
        for entry in entries
        for each in entry.transfers
    )


class TestDrawer:
    @given(
        float_cents=st.integers(0, 20_000),
        moved=st.lists(
            st.tuples(
                st.integers(-20_000, 20_000).filter(bool),
                st.sampled_from(sorted(ACCOUNT_NAMED[Named.PURPOSE])),
            ),
            max_size=6,
        ),
        sold=st.lists(st.integers(1, 10), max_size=6),
        gap_cents=st.integers(-500, 500),
        order=st.randoms(use_true_random=False),
    )
    def test_is_in_till_cash_what_it_holds_and_nothing_once_it_is_closed(
        self,
        float_cents: int,
        moved: list[tuple[int, str]],
        sold: list[int],
        gap_cents: int,
        order: Random,
    ) -> None:
        entries = [
            *post(reading.till_opened(a_till_opened(cents=float_cents))),
            *(
                entry
                for number, (cents, purpose) in enumerate(moved, 1)
                for entry in post(reading.cash_moved(cash_moved(number, cents, purpose=purpose)))
            ),
            *(
                entry
                for number, quantity in enumerate(sold)
                for entry in post(
                    reading.sale_completed(a_sale(number, lines=[("sfr", quantity, 250, 1500)]))
                )
            ),
        ]
        order.shuffle(entries)
        holds = float_cents + sum(cents for cents, _ in moved) + 250 * sum(sold)
        assert net_of(entries, Account.TILL_CASH) == holds

        counted = max(0, holds + gap_cents)
        closed = post(reading.drawer_closed(a_drawer(expected=holds, counted=counted)))

        assert net_of([*entries, *closed], Account.TILL_CASH) == 0
        assert net_of(closed, Account.CASH_DIFFERENCES) == holds - counted
        assert net_of(closed, Account.SITE_CASH) == counted


class TestTables:
    def test_postings_stay_within_one_unit(self) -> None:
        for rules in POSTINGS.values():
            for rule in rules:
                for debit, credit in pairs_of(rule):
                    assert CHART[Account(debit)].unit is CHART[Account(credit)].unit

    def test_every_kind_posts_and_every_account_has_a_meaning(self) -> None:
        assert set(POSTINGS) == set(Kind)
        assert set(CHART) == set(Account)

    def test_database_allows_these_pairs_and_no_others(self) -> None:
        check = MIGRATION.read_text(encoding="utf-8").split("CHECK ((debit, credit) IN (")[1]
        allowed = set(re.findall(r"\('(\w+)', '(\w+)'\)", check.partition(")))")[0] + ")"))
        made = {pair for rules in POSTINGS.values() for rule in rules for pair in pairs_of(rule)}

        assert allowed == made | TURNED | FORMER

    def test_balance_is_above_zero_on_the_side_where_an_account_grows(self) -> None:
        assert balance(Account.TILL_CASH, debit=300, credit=100) == 200
        assert balance(Account.OPTION_GIFTS, debit=100, credit=300) == 200
