"""What the database of referrals refuses by itself."""

import contextlib
import re
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from chassis import queries
from services.referrals.domain.referral import TRANSITIONS, State
from tests.fix_stack import TxOf
from tests.referrals.build import (
    Tx,
    accept,
    open_site,
    submit,
)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


def at(state: State) -> dict[str, str | None]:
    """A state with the words that it asks for."""
    refused, revoked = state is State.REFUSED, state is State.REVOKED
    return {
        "state": state,
        "refusal_code": "other" if refused else None,
        "refusal_reason": "Parce que" if refused else None,
        "revocation_reason": "Perdu" if revoked else None,
    }


class TestDatabase:
    """What it refuses by itself, whatever the code asks of it."""

    def test_nobody_has_two_entitlements_on_one_day(self, tx: Tx) -> None:
        ref = accept(tx, submit(tx).referral_id).person_ref
        add = (
            "INSERT INTO entitlement (entitlement_id, person_ref, from_on, until_on,"
            " monthly_cap_cents) VALUES (%s, %s, %s, %s, 3000)"
        )
        tx.execute(add, (uuid4(), ref, date(2027, 8, 20), date(2027, 9, 20)))

        with pytest.raises(errors.ExclusionViolation):
            tx.execute(add, (uuid4(), ref, date(2027, 8, 19), date(2027, 8, 20)))

    @pytest.mark.parametrize(
        ("statement", "error"),
        [
            ("UPDATE referral SET state = 'submitted'", errors.RestrictViolation),
            ("UPDATE referral SET state = 'refused'", errors.RestrictViolation),
            ("UPDATE referral SET needs = '{}'", errors.CheckViolation),
            ("UPDATE referral SET needs = '{yacht}'", errors.CheckViolation),
            ("UPDATE referral SET monthly_spend_cents = -1", errors.CheckViolation),
            ("UPDATE referral SET code = 'OOOO-1111'", errors.CheckViolation),
            ("UPDATE referral_step SET by_role = 'admin'", errors.RestrictViolation),
            ("DELETE FROM referral_step", errors.RestrictViolation),
            ("UPDATE entitlement_change SET until_on = '2099-01-01'", errors.RestrictViolation),
            ("DELETE FROM entitlement_change", errors.RestrictViolation),
            ("UPDATE entitlement SET until_on = from_on", errors.CheckViolation),
            ("UPDATE person SET phone = '06 39 98 00 12'", errors.CheckViolation),
            (
                "INSERT INTO person (person_ref, given_name, family_name, name_key, birth_date,"
                " known_since) SELECT gen_random_uuid(), given_name, family_name, name_key,"
                " birth_date, known_since FROM person",
                errors.UniqueViolation,
            ),
            (
                "INSERT INTO told_apart (person_ref, other_ref, at, by_user_id)"
                " SELECT person_ref, person_ref, now(), person_ref FROM person",
                errors.CheckViolation,
            ),
            (
                "INSERT INTO person_alias SELECT person_ref, person_ref FROM person",
                errors.CheckViolation,
            ),
            (
                "INSERT INTO rule VALUES ('monthly_cap_cents', '2027-01-01', NULL, 9900)",
                errors.ExclusionViolation,
            ),
        ],
    )
    def test_refuses(self, tx: Tx, statement: str, error: type[Exception]) -> None:
        accept(tx, submit(tx).referral_id)

        with pytest.raises(error):
            tx.execute(statement.encode())

    @pytest.mark.parametrize("before", State)
    def test_lets_a_referral_live_as_the_table_says(self, tx: Tx, before: State) -> None:
        submit(tx)
        tx.execute(
            "INSERT INTO referral SELECT (jsonb_populate_record(referral, %s)).* FROM referral",
            (
                Jsonb(
                    {"referral_id": str(uuid4()), "code": "2222-2222", "walk_in": True} | at(before)
                ),
            ),
        )
        allowed = set()
        for after in set(State) - {before}:
            values = at(after)
            with contextlib.suppress(errors.RestrictViolation), tx.transaction():
                tx.execute(
                    "UPDATE referral SET state = %(state)s, refusal_code = %(refusal_code)s,"
                    " refusal_reason = %(refusal_reason)s,"
                    " revocation_reason = %(revocation_reason)s WHERE code = '2222-2222'",
                    values,
                )
                allowed.add(after)
                raise errors.RestrictViolation  # and back again

        assert allowed == {steps[-1] for steps in TRANSITIONS[before].values() if steps}

    def test_understands_each_query(self, tx: Tx) -> None:
        for name, query in queries.load("services.referrals").items():
            numbers: dict[str, str] = {}
            for named in re.findall(r"%\((\w+)\)s", query):
                numbers.setdefault(named, f"${len(numbers) + 1}")
            numbered: str = query
            for named, number in numbers.items():
                numbered = numbered.replace(f"%({named})s", number)
            tx.execute(f"PREPARE {name} AS {numbered}".encode())


def test_service_role_cannot_change_its_own_tables(tx: Tx) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        tx.execute("DROP TRIGGER referral_step_is_written_once ON referral_step")
