"""Somebody with the database's own rights changes one row of a played day: the audit says which.

All triggers and keys are off for the change, as they are for who restores a backup by hand.  What
is changed is undone at the end of each test.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.audit import checks
from deploy.audit.checks import Check
from tests.fix_network import Network

pytestmark = pytest.mark.journey

Rows = psycopg.Connection[dict[str, Any]]
A_TICKET = "kind = 'ticket' AND (till_id, sequence) = (SELECT till_id, ticket_no FROM {})"
CASH_SALE = "recharges.sale WHERE tender = 'cash' ORDER BY sale_id LIMIT 1"

#: Settlement forgot without a trace what it posted to an account.
UNHEARD = (
    "WITH moved AS (DELETE FROM settlement.transfer WHERE debit = '{0}' RETURNING fact_id),"
    " forgotten AS (DELETE FROM settlement.entry USING moved WHERE entry.fact_id = moved.fact_id)"
    " DELETE FROM settlement.day_total WHERE debit = '{0}'"
)

#: What is done to one row, and the checks that must break; others may not.
TAMPERED: dict[str, tuple[str, set[str]]] = {
    "a ticket's record is rewritten": (
        "UPDATE recharges.journal SET record = replace(record, '\"tendered_cents\":',"
        " '\"tendered_cents\":1') WHERE " + A_TICKET.format(CASH_SALE),
        {"journal_chains_are_whole"},
    ),
    "a ticket's record names another voucher": (
        'UPDATE recharges.journal SET record = replace(record, \'"serials":["\','
        ' \'"serials":["9\') WHERE ' + A_TICKET.format(CASH_SALE),
        {"journal_chains_are_whole", "tickets_say_what_happened"},
    ),
    "a ticket's record names its customer": (
        "UPDATE recharges.journal SET record = replace(record, '{', '{\"person_ref\":\"x\",')"
        " WHERE " + A_TICKET.format(CASH_SALE),
        {"journal_chains_are_whole", "records_name_no_customer"},
    ),
    "a ticket is filed under another time": (
        "UPDATE recharges.journal SET recorded_at = recorded_at + interval '1 second' WHERE "
        + A_TICKET.format(CASH_SALE),
        {"records_are_filed_as_they_say"},
    ),
    "a PIN was shown before its payment": (
        "UPDATE recharges.reveal SET revealed_at = revealed_at - interval '1 hour'"
        " WHERE kind = 'first'",
        {"reveals_are_logged_and_copies_numbered"},
    ),
    "a first reveal is missing": (
        "UPDATE recharges.reveal SET kind = 'retry' WHERE kind = 'first'",
        {"reveals_are_logged_and_copies_numbered"},
    ),
    "a copy is missing": (
        "UPDATE recharges.reveal SET copy_no = 2 WHERE kind = 'reprint'",
        {"reveals_are_logged_and_copies_numbered"},
    ),
    "a copy's reveal is deleted": (
        "DELETE FROM recharges.reveal WHERE kind = 'reprint'",
        {"reveals_are_logged_and_copies_numbered"},
    ),
    "a copy of a Z is deleted": (
        "DELETE FROM recharges.paper_copy WHERE copy_no = 1",
        {"papers_are_printed_once_and_copies_numbered"},
    ),
    "a copy of a Z is said to be somebody else's": (
        "UPDATE recharges.paper_copy SET printed_by = gen_random_uuid() WHERE copy_no = 1",
        {"papers_are_printed_once_and_copies_numbered"},
    ),
    "a handover was somebody else's": (
        "UPDATE recharges.drawer_handover SET from_user = gen_random_uuid()",
        {
            "drawers_are_held_by_whom_handovers_name",
            "records_of_zs_say_what_became_of_drawers",
        },
    ),
    "a gap was approved for another reason": (
        "UPDATE recharges.drawer_session SET reason = 'x' WHERE approved_by IS NOT NULL",
        {"records_of_zs_say_what_became_of_drawers"},
    ),
    "one key stands for two sales": (
        "UPDATE recharges.card_sale SET key = (SELECT key FROM " + CASH_SALE + ")"
        " WHERE sale_id = (SELECT sale_id FROM recharges.card_sale LIMIT 1)",
        {"no_key_stands_for_two_sales"},
    ),
    "a refund is worth more than its vouchers": (
        "UPDATE recharges.refund SET amount_cents = amount_cents + 100 WHERE tender = 'cash'",
        {
            "refunds_give_back_what_was_paid",
            "tickets_say_what_happened",
            "each_refund_is_in_the_ledger_once",
            "sales_equal_journal_equal_cash_equal_ledger",
        },
    ),
    "a voucher that was seen goes back to stock": (
        "UPDATE recharges.refund SET vouchers = 'returned' WHERE vouchers = 'refunded_by_operator'",
        {"refunded_vouchers_are_where_they_belong", "held_vouchers_have_a_holder"},
    ),
    "nobody of the operator answered": (
        "UPDATE recharges.refund SET answered_by = NULL WHERE vouchers = 'refunded_by_operator'",
        {"refunded_vouchers_are_where_they_belong"},
    ),
    "a refund is not in the ledger": (
        "DELETE FROM settlement.entry WHERE kind = 'sale_refunded'",
        {"each_refund_is_in_the_ledger_once"},
    ),
    "a card sale was never paid": (
        "UPDATE recharges.card_sale SET state = 'pending', settled_at = NULL WHERE state = 'paid'",
        {
            "card_sales_are_booked_once_paid",
            "nobody_is_over_the_cap",
            "reveals_are_logged_and_copies_numbered",
        },
    ),
    "a card payment holds vouchers for ever": (
        "UPDATE recharges.lot SET state = 'reserved', held_by = gen_random_uuid()"
        " WHERE lot_id = (SELECT lot_id FROM recharges.lot WHERE state = 'available' LIMIT 1)",
        {"held_vouchers_have_a_holder"},
    ),
    "an offline ticket is rewritten": (
        "UPDATE recharges.offline_ticket SET record = record || ' ' WHERE sequence = 2",
        {"offline_tickets_are_sales_once"},
    ),
    "an offline ticket is dropped": (
        "DELETE FROM recharges.offline_ticket WHERE sequence = 1",
        {"offline_tickets_are_sales_once", "leases_count_what_they_lent"},
    ),
    "a lease hides a sale": (
        "UPDATE recharges.lease SET sold = sold - 1",
        {"leases_count_what_they_lent", "journals_tell_what_was_done_to_tills"},
    ),
    "a device's chain ends elsewhere": (
        "UPDATE recharges.device_chain SET sequence = sequence + 1",
        {"leases_count_what_they_lent"},
    ),
    "a transfer lost more than was said": (
        "UPDATE recharges.transfer SET missing = missing - 1",
        {"transfers_arrive_or_are_missing"},
    ),
    "a batch on sale was recalled": (
        "UPDATE recharges.batch SET state = 'recalled' WHERE batch_id ="
        " (SELECT batch_id FROM recharges.lot WHERE state = 'available' LIMIT 1)",
        {"vouchers_on_sale_are_of_active_batches"},
    ),
    "one person received a batch and released it": (
        "WITH received AS (UPDATE recharges.batch SET received_by = gen_random_uuid()"
        " WHERE batch_id = (SELECT batch_id FROM recharges.batch LIMIT 1) RETURNING *)"
        " INSERT INTO recharges.stock_move (move_id, moved_at, moved_by, what, batch_id,"
        " site_code, offer_code, first_position, end_position)"
        " SELECT gen_random_uuid(), now(), received_by, 'released', batch_id, site_code, 'x', 1, 2"
        " FROM received",
        {"vouchers_on_sale_are_of_active_batches"},
    ),
    "a voucher disappears from a lot": (
        "UPDATE recharges.lot SET end_position = end_position - 1 WHERE lot_id ="
        " (SELECT lot_id FROM recharges.lot WHERE state = 'available' LIMIT 1)",
        {"vouchers_received_equal_their_states", "credits_left_are_what_lies_on_the_shelves"},
    ),
    "vouchers are struck off in silence": (
        "UPDATE recharges.lot SET state = 'lost' WHERE lot_id ="
        " (SELECT lot_id FROM recharges.lot WHERE state = 'available' LIMIT 1)",
        {"credits_left_are_what_lies_on_the_shelves"},
    ),
    "the ledger never heard of damaged vouchers": (
        UNHEARD.format("credits_damaged"),
        {"credits_left_are_what_lies_on_the_shelves"},
    ),
    "the ledger never heard of a deposit": (
        UNHEARD.format("bank_deposits"),
        {"till_cash_is_what_drawers_hold"},
    ),
    "a cash line is in no drawer": (
        "UPDATE recharges.cash_line SET drawer_session_id = NULL WHERE kind = 'refund'",
        {"cash_lines_are_in_a_drawer", "drawers_are_counted_and_their_gaps_posted"},
    ),
    "a sale is in the drawer of another day": (
        "UPDATE recharges.drawer_session SET business_date = business_date - 1"
        " WHERE drawer_session_id = (SELECT drawer_session_id FROM recharges.sale"
        " WHERE tender = 'card' LIMIT 1)",
        {"sales_are_in_the_drawer_of_their_day", "till_cash_is_what_drawers_hold"},
    ),
    "a count is not what its pieces come to": (
        "UPDATE recharges.drawer_session SET counted = counted || '{\"5000\": 9}'"
        " WHERE gap_cents <> 0",
        {"drawers_are_closed_once_and_large_gaps_by_two"},
    ),
    "a large gap was settled alone": (
        "UPDATE recharges.drawer_session SET approved_by = NULL WHERE approved_by IS NOT NULL",
        {
            "drawers_are_closed_once_and_large_gaps_by_two",
            "journals_tell_what_was_done_to_tills",
            "records_of_zs_say_what_became_of_drawers",
        },
    ),
    "a gap is smaller than what the ledger has": (
        "UPDATE recharges.drawer_session SET gap_cents = gap_cents + 1,"
        " expected_cents = expected_cents - 1 WHERE approved_by IS NOT NULL",
        {
            "till_cash_is_what_drawers_hold",
            "drawers_are_counted_and_their_gaps_posted",
            "journals_tell_what_was_done_to_tills",
            "records_of_zs_say_what_became_of_drawers",
        },
    ),
    "a drawer has no Z": (
        "UPDATE recharges.closing SET drawer_session_id = NULL WHERE closing_id = (SELECT"
        " closing_id FROM recharges.closing WHERE drawer_session_id IS NOT NULL LIMIT 1)",
        {
            "drawers_are_closed_once_and_large_gaps_by_two",
            "closings_say_what_their_records_say",
        },
    ),
    "a closing is not what its record says": (
        "UPDATE recharges.closing SET sold_cents = sold_cents + 100,"
        " refunded_cents = refunded_cents + 100, absolute_cents = absolute_cents + 200,"
        " perpetual_absolute_cents = perpetual_absolute_cents + 200"
        " WHERE closing_id = (SELECT closing_id FROM recharges.closing"
        " ORDER BY closed_at DESC LIMIT 1)",
        {"closings_say_what_their_records_say", "closings_hold_each_ticket_once"},
    ),
    "a payment was disputed in silence": (
        "INSERT INTO recharges.dispute"
        " (dispute_id, sale_id, amount_cents, state, reason, opened_at)"
        " SELECT 'dp_x', sale_id, total_cents, 'open', 'fraudulent', now() FROM recharges.sale"
        " WHERE tender = 'card' LIMIT 1",
        {"journals_tell_what_was_done_to_tills"},
    ),
    "a card sale was given up in silence": (
        "INSERT INTO recharges.card_sale SELECT (jsonb_populate_record(NULL::recharges.card_sale,"
        " to_jsonb(card_sale) || jsonb_build_object('sale_id', gen_random_uuid(),"
        " 'key', 'x', 'intent_id', 'pi_x'))).* FROM recharges.card_sale"
        " WHERE state = 'voided' LIMIT 1",
        {"journals_tell_what_was_done_to_tills"},
    ),
    "the whole chain of a till is computed anew": (
        "UPDATE settlement.anchor SET hash = sha256(hash) WHERE (till_id, kind, sequence) ="
        " (SELECT till_id, kind, sequence FROM settlement.anchor LIMIT 1)",
        {"anchors_outside_match_the_journal"},
    ),
    "the last ticket of a till is dropped": (
        "DELETE FROM recharges.journal WHERE "
        + A_TICKET.format(
            "recharges.sale JOIN recharges.till USING (till_id)"
            " WHERE ticket_no = last_sequence ORDER BY till_id LIMIT 1"
        ),
        {
            "records_have_no_gap",
            "tickets_say_what_happened",
            "sales_equal_journal_equal_cash_equal_ledger",
        },
    ),
    "a person's cap forgets a purchase": (
        "UPDATE recharges.cap_month SET used_cents = used_cents - 100 WHERE person_ref ="
        " (SELECT person_ref FROM recharges.cap_month WHERE used_cents > 100 LIMIT 1)",
        {"nobody_is_over_the_cap"},
    ),
    "two who are one bought within a cap each": (
        "WITH two AS (SELECT person_ref, row_number() OVER () AS number FROM (SELECT DISTINCT"
        " person_ref FROM recharges.sale WHERE tender = 'cash' AND sale_id NOT IN (SELECT sale_id"
        " FROM recharges.offline_ticket) AND sale_id NOT IN (SELECT sale_id FROM recharges.refund)"
        # Of who was merged before, the audit knows since when.
        " AND person_ref NOT IN (SELECT unnest(ARRAY[person_ref, merged_into])"
        " FROM referrals.person_merge) ORDER BY person_ref LIMIT 2) AS buyers),"
        " lowered AS (UPDATE recharges.cap_month"
        " SET cap_cents = used_cents WHERE person_ref IN (SELECT person_ref FROM two))"
        " INSERT INTO recharges.person_alias SELECT one.person_ref, other.person_ref"
        " FROM two AS one, two AS other WHERE (one.number, other.number) = (1, 2)",
        {"nobody_is_over_the_cap", "merges_are_known_alike"},
    ),
    "a voucher is sold twice": (
        "INSERT INTO recharges.sale_voucher SELECT batch_id, position, (SELECT sale_id FROM"
        " recharges.sale WHERE sale_id <> sold.sale_id AND sale_id NOT IN (SELECT sale_id FROM"
        " recharges.offline_ticket) ORDER BY sale_id LIMIT 1), 1, taking + 1"
        " FROM recharges.sale_voucher AS sold WHERE (batch_id, position) NOT IN"
        " (SELECT batch_id, position FROM recharges.refund_voucher)"
        " AND sale_id NOT IN (SELECT sale_id FROM recharges.offline_ticket)"
        " ORDER BY batch_id, position LIMIT 1",
        {
            "voucher_sold_at_most_once",
            "vouchers_received_equal_their_states",
            "sale_totals_equal_their_lines",
            "tickets_say_what_happened",
            "nobody_is_over_the_cap",
        },
    ),
    "a sale was worth less": (
        "UPDATE recharges.sale SET total_cents = total_cents - 1,"
        " tendered_cents = tendered_cents - 1 WHERE sale_id ="
        f" (SELECT sale_id FROM {CASH_SALE})",
        {
            "sale_totals_equal_their_lines",
            "tickets_say_what_happened",
            "sales_equal_journal_equal_cash_equal_ledger",
            "each_sale_is_in_the_ledger_once",
        },
    ),
    "a transfer of the ledger is smaller": (
        "UPDATE settlement.transfer SET amount_cents = amount_cents - 1"
        " WHERE credit = 'recharge_income' AND fact_id ="
        " (SELECT fact_id FROM settlement.entry WHERE kind = 'sale_completed' LIMIT 1)",
        {
            "ledger_entries_are_what_facts_declared",
            "ledger_days_are_the_sum_of_their_transfers",
            "sales_equal_journal_equal_cash_equal_ledger",
        },
    ),
    "a batch was worth less": (
        "UPDATE recharges.batch SET face_value_cents = face_value_cents - 1"
        " WHERE batch_id = (SELECT batch_id FROM recharges.batch LIMIT 1)",
        {"credits_given_equal_vouchers_received"},
    ),
    "an entitlement is gone": (
        "DELETE FROM referrals.entitlement WHERE person_ref ="
        " (SELECT person_ref FROM recharges.sale LIMIT 1)",
        {"nobody_bought_without_an_entitlement", "entitlements_are_known_alike"},
    ),
    "a line of the option is gone": (
        "DELETE FROM donations.option_line WHERE (report_id, line_number) ="
        " (SELECT report_id, line_number FROM donations.option_line LIMIT 1)",
        {"option_euros_equal_their_lines_and_the_ledger"},
    ),
    "a device that was sold had not been wiped": (
        "DELETE FROM equipment.wipe WHERE device_id IN (SELECT device_id FROM equipment.sale)",
        {"devices_sold_were_wiped_and_tested"},
    ),
    "an instalment is smaller": (
        "UPDATE mediation.instalment SET amount_cents = amount_cents - 1"
        " WHERE offer_id = (SELECT offer_id FROM mediation.instalment LIMIT 1)",
        {"plans_add_up"},
    ),
    "a service did not hear of a merge": (
        "DELETE FROM mediation.person_alias",
        {"merges_are_known_alike"},
    ),
    "a service did not hear that a merge was undone": (
        "INSERT INTO equipment.person_alias (person_ref, same_as)"
        " SELECT person_ref, merged_into FROM referrals.person_merge"
        " WHERE unmerged_at IS NOT NULL",
        {"merges_are_known_alike"},
    ),
    "a merge leads to somebody else": (
        "UPDATE recharges.person_alias SET same_as = gen_random_uuid()",
        {"merges_are_known_alike"},
    ),
    "a till that was revoked sells": (
        "UPDATE recharges.till SET state = 'revoked'"
        " WHERE till_id = (SELECT till_id FROM recharges.till WHERE state = 'active' LIMIT 1)",
        {"tills_are_known_alike"},
    ),
    "an entry of the access log is rewritten": (
        "UPDATE accounts.log_entry SET record = replace(record, 'admin', 'mediator')"
        " WHERE sequence = (SELECT min(sequence) FROM accounts.log_entry"
        " WHERE record LIKE '%\"admin\"%')",
        {"access_log_is_whole", "access_log_tells_what_is_so"},
    ),
    "an entry of the access log is dropped": (
        "DELETE FROM accounts.log_entry WHERE sequence = (SELECT min(sequence)"
        " FROM accounts.log_entry WHERE record LIKE '%\"site_opened\"%')",
        {"access_log_is_whole"},
    ),
    "the end of the access log is cut off": (
        "DELETE FROM accounts.log_entry WHERE sequence >= (SELECT max(sequence)"
        " FROM accounts.log_entry WHERE record LIKE '%\"signed_in\"%')",
        {"access_log_tells_what_is_so"},
    ),
    "somebody was made an administrator by hand": (
        "UPDATE accounts.account SET role = 'admin', operator = NULL WHERE user_id = (SELECT"
        " user_id FROM accounts.account WHERE role = 'till_operator' LIMIT 1)",
        {"access_log_tells_what_is_so", "users_are_known_alike"},
    ),
    "a till's device was enrolled by hand": (
        "INSERT INTO accounts.device (device_id, till_id, enrolled_at, token_from, revoked_at,"
        " revoked_by) SELECT gen_random_uuid(), till_id, now(), now(), now(), gen_random_uuid()"
        " FROM accounts.till LIMIT 1",
        {"access_log_tells_what_is_so"},
    ),
    "a referral is open past its day": (
        "UPDATE referrals.referral SET expires_on = '2026-01-01', state = 'seen'"
        " WHERE referral_id = (SELECT referral_id FROM referrals.referral"
        " WHERE state = 'accepted' LIMIT 1)",
        {"referrals_and_entitlements_end_on_their_day"},
    ),
    "an entitlement ended and nobody was told": (
        "UPDATE referrals.entitlement SET ended_at = now() WHERE entitlement_id ="
        " (SELECT entitlement_id FROM referrals.entitlement LIMIT 1)",
        {"referrals_and_entitlements_end_on_their_day"},
    ),
    "a referrer was not written of an acceptance": (
        # A day that is played fast is over within the time that the check leaves to an address.
        "WITH gone AS (DELETE FROM referrals.mail WHERE mail_id = (SELECT mail_id"
        " FROM referrals.mail WHERE kind = 'referral_accepted' ORDER BY filed_at DESC LIMIT 1)"
        " RETURNING about) UPDATE referrals.worker SET email_at = email_at - interval '1 second'"
        " WHERE user_id = (SELECT referrer_id FROM referrals.referral JOIN gone"
        " ON gone.about = referral_id::text)",
        {"referrers_were_written_of_each_step"},
    ),
    "a user was given another role": (
        "UPDATE referrals.told_user SET role = 'admin' WHERE role = 'referrer'",
        {"users_are_known_alike"},
    ),
    "an erased person has a name again": (
        "INSERT INTO referrals.person (person_ref, given_name, family_name, name_key, birth_date,"
        " known_since) SELECT person_ref, 'Zoé', 'Revenue', 'zoe revenue', '1961-02-03', now()"
        " FROM referrals.pseudonym WHERE erased_at IS NOT NULL LIMIT 1",
        {"erased_people_are_gone"},
    ),
    "an erased person may buy for longer": (
        "UPDATE referrals.entitlement SET until_on = until_on + 30 WHERE person_ref IN"
        " (SELECT person_ref FROM referrals.pseudonym WHERE erased_at IS NOT NULL)",
        {"erased_people_are_gone", "entitlements_are_known_alike"},
    ),
    "a service never said that it forgot": (
        "DELETE FROM referrals.erasure_receipt WHERE service = 'mediation'",
        {"erasures_have_all_receipts"},
    ),
    "a service no longer knows whom it forgot": (
        "DELETE FROM mediation.forgotten_person",
        {"erased_people_are_remembered"},
    ),
}
#: A row that other checks look at too, depending on what it is of.
MAY_BREAK = {
    "the last ticket of a till is dropped": {
        "closings_hold_each_ticket_once",
        "anchors_outside_match_the_journal",
        "offline_tickets_are_sales_once",
        "refunds_give_back_what_was_paid",
    },
    "a closing is not what its record says": {"drawers_are_closed_once_and_large_gaps_by_two"},
}


@pytest.fixture(scope="module")
def database_url(network: Network) -> str:
    network.settled()
    return network.stack.database_url


@pytest.fixture
def admin(database_url: str) -> Iterator[Rows]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("SET LOCAL session_replication_role = replica")
        yield connection
        connection.rollback()


def broken(admin: Rows) -> set[str]:
    return {check.name for check in checks.of_rows(admin) if check.broken}


class TestAudit:
    def test_finds_a_played_day_whole_and_examines_it_with_every_check(self, admin: Rows) -> None:
        assert [check for check in checks.of_rows(admin) if not check.ok] == []

    @pytest.mark.parametrize("what", TAMPERED)
    def test_names_the_rule_when(self, admin: Rows, what: str) -> None:
        change, named = TAMPERED[what]
        assert admin.execute(change.encode()).rowcount > 0, "nothing to tamper with"

        found = broken(admin)

        assert found >= named
        assert found <= named | MAY_BREAK.get(what, set())

    def test_names_the_rows_by_their_ids(self, admin: Rows) -> None:
        change, _ = TAMPERED["a sale was worth less"]
        tampered = admin.execute(f"{change} RETURNING sale_id::text".encode()).fetchall()
        (sale_id,) = tampered[0].values()

        found = {check.name: check.examples for check in checks.of_rows(admin)}

        assert found["sale_totals_equal_their_lines"] == (sale_id,)
        assert found["each_sale_is_in_the_ledger_once"] == (sale_id,)
        assert found["plans_add_up"] == ()

    def test_names_a_record_that_cannot_even_be_read(self, admin: Rows) -> None:
        change = "UPDATE recharges.journal SET record = left(record, -1) WHERE "
        [row] = admin.execute(
            (change + A_TICKET.format(CASH_SALE) + " RETURNING till_id, sequence").encode()
        ).fetchall()

        found = {check.name: check.examples for check in checks.of_rows(admin) if check.broken}

        assert found["journal_chains_are_whole"] == (f"{row['till_id']} ticket {row['sequence']}",)
        assert found["records_are_filed_as_they_say"] == (checks.UNREADABLE,)

    def test_names_a_few_of_many(self) -> None:
        check = Check.of("x", examined=9, broken=[str(number) for number in range(7)])

        assert (check.broken, check.examples) == (7, ("0", "1", "2", "3", "4"))

    def test_has_no_rule_that_nothing_breaks(self) -> None:
        named = {name for _, names in TAMPERED.values() for name in names}
        assert {*checks.BY_QUERY, "journal_chains_are_whole", "access_log_is_whole"} == named
