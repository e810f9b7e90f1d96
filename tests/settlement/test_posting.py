"""What each fact posts, with no database in sight."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.settlement import events
from services.settlement.domain.account import CHART, NETWORK, Account, Unit, balance
from services.settlement.domain.posting import (
    ACCOUNT_NAMED,
    POSTINGS,
    Contradiction,
    Entry,
    Kind,
    Named,
    Rule,
    UnknownName,
    post,
)
from tests.settlement.build import a_batch, a_device_sold, a_drawer, a_refund, a_report, a_sale

MIGRATION = Path("services/settlement/migrations/0003_pre_hear_of_refunds_and_tills.sql")

#: Pairs that are posted the other way round where a figure is below zero.
TURNED = {
    ("option_gifts", "option_receivable"),
    ("cash_differences", "till_cash"),
    ("recharge_income", "till_cash"),
    ("recharge_income", "card_receivable"),
}


def debits_of(rule: Rule) -> list[Account]:
    if isinstance(rule.debit, Account):
        return [rule.debit]
    return list(ACCOUNT_NAMED[rule.debit].values())


def moves(entry: Entry) -> list[tuple[str, str, int, int]]:
    return [
        (each.debit.value, each.credit.value, each.amount_cents, each.item_count)
        for each in entry.transfers
    ]


class TestPost:
    def test_puts_a_batch_into_stock(self) -> None:
        [entry] = post(events.batch_received(a_batch(offers=[(2, 3000), (1, 500)])))

        assert moves(entry) == [("credits_stock", "credits_given", 3500, 3)]
        assert (entry.site_code, entry.operator) == ("saint-denis", "sfr")

    def test_moves_credit_and_cash_of_a_sale(self) -> None:
        [entry] = post(events.sale_completed(a_sale(lines=[("sfr", 2, 250, 1500)])))

        assert moves(entry) == [
            ("credits_sold", "credits_stock", 3000, 2),
            ("till_cash", "recharge_income", 500, 0),
        ]

    def test_keeps_card_money_out_of_the_till(self) -> None:
        [entry] = post(events.sale_completed(a_sale(tender="card")))

        assert moves(entry)[1] == ("card_receivable", "recharge_income", 250, 0)

    def test_gives_each_operator_its_share_of_a_sale(self) -> None:
        lines = [("sfr", 1, 250, 1500), ("orange", 1, 300, 1000), ("sfr", 1, 150, 500)]

        entries = post(events.sale_completed(a_sale(lines=lines)))

        assert {entry.operator: entry.declared_cents for entry in entries} == {
            "sfr": 400,
            "orange": 300,
        }

    def test_counts_a_voucher_that_has_no_face_value(self) -> None:
        [entry] = post(events.sale_completed(a_sale(lines=[("sfr", 1, 150, 0)])))

        assert moves(entry)[0] == ("credits_sold", "credits_stock", 0, 1)

    def test_takes_reversed_gifts_back(self) -> None:
        report = a_report(lines=10, billed=900, reversed_=-100, adjusted=-50)

        [entry] = post(events.option_reported(report))

        assert moves(entry) == [
            ("option_receivable", "option_gifts", 900, 10),
            ("option_gifts", "option_receivable", 100, 0),
            ("option_gifts", "option_receivable", 50, 0),
        ]
        assert entry.booked_on.isoformat() == "2026-11-30"

    def test_books_a_device_under_no_operator(self) -> None:
        [entry] = post(events.device_sold(a_device_sold()))

        assert entry.operator == NETWORK
        assert moves(entry) == [("till_cash", "equipment_income", 6000, 1)]

    @pytest.mark.parametrize(
        ("read", "fact"),
        [
            (events.sale_completed, a_sale(total_cents=251)),
            (events.batch_received, a_batch(face_value_cents=1)),
            (events.batch_received, a_batch(vouchers=11)),
            (events.option_reported, a_report(total_cents=201)),
            (events.sale_refunded, a_refund(total_cents=249)),
            (events.drawer_closed, a_drawer(gap_cents=-1)),
        ],
    )
    def test_refuses_a_total_that_its_parts_contradict(self, read, fact) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(Contradiction, match="in all, its parts add up to"):
            post(read(fact))

    def test_refuses_a_way_of_paying_it_has_no_account_for(self) -> None:
        with pytest.raises(UnknownName, match="tendered 'cowries'"):
            post(events.sale_completed(a_sale(tender="cowries")))

    def test_refuses_vouchers_of_which_it_does_not_know_where_they_went(self) -> None:
        with pytest.raises(UnknownName, match="returned 'eaten'"):
            post(events.sale_refunded(a_refund(vouchers="eaten")))

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

        [entry] = post(events.sale_refunded(refund))

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
        [entry] = post(events.drawer_closed(a_drawer(expected=expected, counted=counted)))

        assert moves(entry) == [moved]
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
        entries = post(events.sale_completed(a_sale(lines=lines, tender=tender)))

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


class TestTables:
    def test_postings_stay_within_one_unit(self) -> None:
        for rules in POSTINGS.values():
            for rule in rules:
                for debit in debits_of(rule):
                    assert CHART[debit].unit is CHART[rule.credit].unit

    def test_every_kind_posts_and_every_account_has_a_meaning(self) -> None:
        assert set(POSTINGS) == set(Kind)
        assert set(CHART) == set(Account)

    def test_one_transfer_of_each_kind_carries_the_items(self) -> None:
        for rules in POSTINGS.values():
            assert [rule.counts for rule in rules].count(True) == 1

    def test_database_allows_these_pairs_and_no_others(self) -> None:
        check = MIGRATION.read_text(encoding="utf-8").split("CHECK ((debit, credit) IN (")[1]
        allowed = set(re.findall(r"\('(\w+)', '(\w+)'\)", check.partition(")))")[0] + ")"))
        made = {
            (debit.value, rule.credit.value)
            for rules in POSTINGS.values()
            for rule in rules
            for debit in debits_of(rule)
        }

        assert allowed == made | TURNED

    def test_balance_is_above_zero_on_the_side_where_an_account_grows(self) -> None:
        assert balance(Account.TILL_CASH, debit=300, credit=100) == 200
        assert balance(Account.OPTION_GIFTS, debit=100, credit=300) == 200
