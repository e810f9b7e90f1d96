"""Who may refer: for which structure, on the strength of what, trained or not, and since when."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from services.referrals.api import structures as structure_api
from services.referrals.api.referrals import ReferralPage
from services.referrals.domain import structure, worker
from services.referrals.handlers import structures, workers
from services.referrals.handlers.showing import list_referrals
from tests.fix_stack import TxOf
from tests.referrals.build import (
    MANAGER,
    NOW,
    Tx,
    a_caller,
    a_house,
    confirm,
    employ,
    new_id,
    on,
    open_site,
    set_rule,
    submit,
    walk_in,
)

TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


def sign(
    tx: Tx, structure_id: UUID, *, from_on: date = TODAY, until_on: date | None = None
) -> structure_api.Convention:
    body = {
        "reference": f"CONV-{from_on}",
        "from": str(from_on),
        "until": until_on and str(until_on),
    }
    return structures.add_convention(
        tx,
        structure_id,
        structure_api.NewConvention.model_validate_json(json.dumps(body)),
        convention_id=new_id(),
        caller=MANAGER,
        now=NOW,
    )


class TestStructure:
    @pytest.mark.parametrize("text", ["W751004076", " w2a1000012 ", "W9R1 000123"])
    def test_association_has_its_number(self, tx: Tx, text: str) -> None:
        body = structure_api.NewStructure(name="Asso fictive", kind="association", rna=text)

        made = structures.add_structure(tx, body, structure_id=uuid4(), now=NOW)

        assert made.rna == "".join(text.upper().split())
        with pytest.raises(structure.StructureTaken):
            structures.add_structure(tx, body, structure_id=uuid4(), now=NOW)

    @given(st.text(max_size=14))
    def test_number_is_w_and_nine_signs(self, text: str) -> None:
        bare = "".join(text.upper().split())
        well = len(bare) == 10 and bare.isascii() and bare[0] == "W" and bare[1].isdigit()

        if well and bare[2].isalnum() and bare[3:].isdigit():
            assert structure.normalise_rna(text) == bare
        else:
            with pytest.raises(structure.RnaNotValid):
                structure.normalise_rna(text)


class TestConvention:
    def test_lets_a_structure_refer_on_its_days_where_the_rule_asks_for_one(self, tx: Tx) -> None:
        me = a_caller("referrer")
        house = a_house(tx, me)
        submit(tx, caller=me)  # as shipped, nobody asks
        set_rule(tx, "convention_required", 1)

        with pytest.raises(worker.ConventionNeeded) as refused:
            submit(tx, caller=me)
        sign(tx, house, from_on=TODAY + DAY, until_on=TODAY + 3 * DAY)

        assert refused.value.values == {"day_on": TODAY}
        for days, refers in ((0, False), (1, True), (2, True), (3, False)):
            if refers:
                submit(tx, caller=me, now=on(TODAY + days * DAY))
            else:
                with pytest.raises(worker.ConventionNeeded):
                    submit(tx, caller=me, now=on(TODAY + days * DAY))

    def test_needs_a_structure(self, tx: Tx) -> None:
        set_rule(tx, "convention_required", 1)

        with pytest.raises(worker.StructureNeeded):
            submit(tx, caller=a_caller("referrer"))
        with pytest.raises(worker.StructureNeeded):
            confirm(tx, walk_in(tx).referral_id, by=a_caller("referrer"))

    def test_is_one_a_day(self, tx: Tx) -> None:
        house = a_house(tx)
        sign(tx, house, until_on=TODAY + 10 * DAY)
        sign(tx, house, from_on=TODAY + 10 * DAY)

        with pytest.raises(structure.ConventionOverlaps) as refused:
            sign(tx, house, from_on=TODAY + 9 * DAY)

        assert str(refused.value.values["reference"]).startswith("CONV-")
        with pytest.raises(errors.ExclusionViolation):
            tx.execute("UPDATE convention SET until_on = NULL")

    def test_ends_from_today_on_and_within_its_days(self, tx: Tx) -> None:
        house = a_house(tx)
        signed = sign(tx, house, from_on=TODAY, until_on=TODAY + 10 * DAY)

        def end(days: int, convention_id: UUID = signed.convention_id) -> Any:
            body = structure_api.EndOn(on=TODAY + days * DAY)
            return structures.end_convention(
                tx, house, convention_id, body, caller=MANAGER, now=NOW
            )

        for days in (-1, 11):
            with pytest.raises(structure.ConventionEndsOtherwise):
                end(days)
        with pytest.raises(structure.ConventionUnknown):
            end(1, uuid4())
        assert end(5).until_on == TODAY + 5 * DAY
        assert end(0).until_on == TODAY
        [listed] = structures.list_conventions(tx, house)
        assert listed.until_on == TODAY
        with pytest.raises(structure.DaysReversed):
            sign(tx, house, until_on=TODAY)

    def test_shows_in_the_list_of_structures(self, tx: Tx) -> None:
        house = a_house(tx)
        sign(tx, house, from_on=TODAY + DAY)

        def refers(day: date) -> list[bool]:
            page = structure_api.StructurePage()
            return [s.convention for s in structures.list_structures(tx, page, now=on(day)).items]

        assert (refers(TODAY), refers(TODAY + DAY)) == ([False], [True])


class TestAccreditation:
    def test_is_asked_where_the_rule_says_so(self, tx: Tx) -> None:
        me = a_caller("referrer")
        house = a_house(tx, me)
        set_rule(tx, "accreditation_required", 1)

        with pytest.raises(worker.TrainingNeeded):
            submit(tx, caller=me)
        with pytest.raises(worker.TrainedLater):
            employ(tx, house, me, trained_on=TODAY + DAY)
        employ(tx, house, me, trained_on=TODAY)

        submit(tx, caller=me)


class TestWorker:
    def listed(self, tx: Tx, house: UUID, *, now: Any = NOW) -> list[Any]:
        found = workers.list_workers(tx, house, structure_api.WorkerPage(), now=now).items
        return [(each.user_id, each.from_on, each.until_on, each.email) for each in found]

    def test_works_for_one_structure_at_a_time_and_what_is_over_stays(self, tx: Tx) -> None:
        me = a_caller("referrer")
        one, other = a_house(tx, me), a_house(tx)
        employ(tx, one, me, email="Zoe@CCAS.example")
        tomorrow = TODAY + DAY

        employ(tx, other, me, now=on(tomorrow), email="zoe@asso.example")

        now = on(tomorrow)
        assert self.listed(tx, one, now=now) == [(me.user_id, TODAY, tomorrow, None)]
        assert self.listed(tx, other, now=now) == [(me.user_id, tomorrow, None, "zoe@asso.example")]
        with pytest.raises(errors.ExclusionViolation):
            tx.execute("UPDATE employment SET until_on = NULL, ended_by = NULL")

    def test_ends_with_the_address_that_belonged_to_the_post(self, tx: Tx) -> None:
        me = a_caller("referrer")
        house = a_house(tx, me)
        employ(tx, house, me, email="zoe@ccas.example", trained_on=TODAY)

        workers.end_worker(tx, house, me.user_id, caller=MANAGER, now=on(TODAY + 9 * DAY))

        later = on(TODAY + 9 * DAY)
        myself = workers.show_myself(tx, caller=me, now=later)
        assert (myself.structure_id, myself.email) == (None, None)
        assert myself.trained_on == TODAY, "what was learnt stays learnt"
        assert self.listed(tx, house, now=later) == [(me.user_id, TODAY, TODAY + 9 * DAY, None)]
        with pytest.raises(worker.NotOfStructure):
            workers.end_worker(tx, house, me.user_id, caller=MANAGER, now=later)
        # And comes back another day.
        employ(tx, house, me, now=on(TODAY + 20 * DAY))

    def test_who_left_sees_their_own_referrals_and_no_longer_those_of_the_house(
        self, tx: Tx
    ) -> None:
        me, colleague = a_caller("referrer"), a_caller("referrer")
        house = a_house(tx, me, colleague)
        mine, theirs = submit(tx, caller=me), submit(tx, caller=colleague)

        workers.end_worker(tx, house, me.user_id, caller=MANAGER, now=NOW)

        seen = list_referrals(tx, ReferralPage(), caller=me, now=NOW).items
        assert [each.referral_id for each in seen] == [mine.referral_id]
        both = list_referrals(tx, ReferralPage(), caller=colleague, now=NOW).items
        assert {each.referral_id for each in both} == {mine.referral_id, theirs.referral_id}

    def test_says_where_they_are_written_to_even_without_a_structure(self, tx: Tx) -> None:
        me = a_caller("referrer")

        def set_contact(email: str | None) -> structure_api.Myself:
            body = structure_api.Contact(email=email, language="en")
            return workers.set_contact(tx, body, caller=me, now=NOW)

        assert workers.show_myself(tx, caller=me, now=NOW).email is None
        assert set_contact(" Zoe@Example.ORG ").email == "zoe@example.org"
        assert set_contact(None).email is None
        for wrong in ("nobody", "a@b", "a..b@example.org", "é@example.org", "a b@example.org"):
            with pytest.raises(worker.EmailNotValid):
                set_contact(wrong)

    def test_are_listed_page_by_page(self, tx: Tx) -> None:
        people = [a_caller("referrer") for _ in range(5)]
        house = a_house(tx, *people)
        found: list[UUID] = []
        page = structure_api.WorkerPage(limit=2)
        while True:
            cut = workers.list_workers(tx, house, page, now=NOW)
            found += [each.user_id for each in cut.items]
            if cut.last is None:
                break
            page = structure_api.WorkerPage(limit=2, after=int(cut.last))

        assert found == [each.user_id for each in reversed(people)]
