"""Who read which debts is written down, shown to managers and the person, and kept for months."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from chassis import personal
from chassis.auth import OtherSite
from chassis.db import Transaction
from services.mediation import handlers, store
from services.mediation.api import cases as api
from tests.mediation.doing import ELSEWHERE, NOON, PERSON, TODAY, a_call, entitle, opened

MANAGER = a_call(role="site_manager")


@pytest.fixture
def case_id(tx: Transaction) -> UUID:
    return opened(tx)


def accesses(tx: Transaction, case_id: UUID, **page: Any) -> list[api.Access]:
    return list(handlers.list_accesses(tx, MANAGER, case_id, api.AccessPage(**page)).items)


class TestReading:
    def test_a_case_alone_or_in_a_list_is_written_down(
        self, tx: Transaction, case_id: UUID
    ) -> None:
        entitle(tx, person=(other := uuid4()))
        beside = opened(tx, person=other)

        handlers.list_cases(tx, a_call(), api.CasePage(limit=1))
        handlers.show_case(tx, a_call(role="admin"), case_id)

        read = accesses(tx, case_id)
        assert [(each.what, each.by_role) for each in read] == [
            ("case_shown", "admin"),
            ("cases_listed", "mediator"),
        ]
        assert (read[1].by_user_id, read[1].site_codes) == (UUID(int=9), ["saint-denis"])
        assert accesses(tx, case_id, limit=1) == read[:1]
        assert accesses(tx, case_id, after=read[0].access_id) == read[1:]
        assert accesses(tx, beside) == [], "it was on the next page"

    def test_at_another_site_is_refused_and_nothing_of_it_is_read(
        self, tx: Transaction, case_id: UUID
    ) -> None:
        manager = a_call(role="site_manager", site=ELSEWHERE)

        with pytest.raises(OtherSite):
            handlers.list_accesses(tx, manager, case_id, api.AccessPage())
        assert handlers.list_cases(tx, manager, api.CasePage()).items == []
        assert accesses(tx, case_id) == []

    def test_is_told_to_the_person_without_names(self, tx: Transaction, case_id: UUID) -> None:
        handlers.show_case(tx, a_call(), case_id)

        [read] = personal.find_held(tx, [PERSON], service="mediation")["accesses"]

        assert read == {
            "at": NOON,
            "what": "case_shown",
            "by_role": "mediator",
            "site_codes": ["saint-denis"],
        }

    def test_is_kept_for_its_months_and_then_dropped(self, tx: Transaction, case_id: UUID) -> None:
        handlers.show_case(tx, a_call(), case_id)
        handlers.show_case(tx, a_call(now=datetime(2025, 10, 31, 12, tzinfo=UTC)), case_id)

        for statement in ("UPDATE access SET by_role = 'admin'", "DELETE FROM access"):
            with pytest.raises(errors.RestrictViolation), tx.transaction():
                tx.execute(statement.encode())
        assert store.drop_accesses(tx, now=NOON, today=TODAY, limit=100) == 1
        assert [each.at for each in accesses(tx, case_id)] == [NOON]
