"""The rules of equipment, with no database in sight."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import imei as reference

from chassis import texts
from kernel.money import Cents
from kernel.refusal import Refusal
from services.equipment import domain
from services.equipment.domain import device as life
from services.equipment.domain.device import (
    OUT_OF_TURN,
    TRANSITIONS,
    OutOfTurn,
    Proof,
    State,
    Step,
    Wording,
    take,
    wording_of,
)
from services.equipment.domain.entitlement import Entitlement, EntitlementNotInForce
from services.equipment.domain.functional_test import ChecksDiffer, judge
from services.equipment.domain.identity import (
    IdentityMismatch,
    ImeiInvalid,
    identify,
    tidy_imei,
)
from services.equipment.domain.kind import Condition, Grade, Kind
from services.equipment.domain.sale import (
    HANDOVER_DAYS_MAX,
    HandoverTooFar,
    Price,
    PriceMissing,
    Sale,
    TenderedTooLittle,
    sell,
)
from services.equipment.domain.wipe import CertificateMissing, Method, StorageUnnamed, step_of
from tests.equipment.build import HERE, PERSON, TODAY, a_device, an_imei

# Every state against every step, written out: what is not here is refused.
LIFE: Mapping[State, str] = {
    State.RECEIVED: "wipe fail_wipe destroy",
    State.WIPE_FAILED: "wipe fail_wipe destroy",
    State.WIPED: "wipe fail_wipe destroy test fail_test retire",
    State.TEST_FAILED: "wipe fail_wipe destroy test fail_test retire",
    State.TESTED: "wipe fail_wipe destroy test fail_test retire grade",
    State.READY: "grade sell retire",
    State.SOLD: "open_repair",
    State.IN_REPAIR: "close_repair",
    State.DESTROYED: "retire",
    State.END_OF_LIFE: "",
}
LEADS_TO = {
    Step.WIPE: State.WIPED,
    Step.FAIL_WIPE: State.WIPE_FAILED,
    Step.DESTROY: State.DESTROYED,
    Step.TEST: State.TESTED,
    Step.FAIL_TEST: State.TEST_FAILED,
    Step.GRADE: State.READY,
    Step.SELL: State.SOLD,
    Step.OPEN_REPAIR: State.IN_REPAIR,
    Step.CLOSE_REPAIR: State.SOLD,
    Step.RETIRE: State.END_OF_LIFE,
}


class TestLifeCycle:
    @pytest.mark.parametrize("state", State)
    @pytest.mark.parametrize("step", Step)
    def test_allows_what_is_listed_and_nothing_else(self, state: State, step: Step) -> None:
        device = a_device(state=state)
        if step.value in LIFE[state].split():
            after = take(device, step=step)
            assert (after.state, after.step_no) == (LEADS_TO[step], device.step_no + 1)
        else:
            with pytest.raises(OUT_OF_TURN[state]):
                take(device, step=step)

    def test_names_every_state_once(self) -> None:
        assert set(TRANSITIONS) == set(OUT_OF_TURN) == set(State)
        assert len({refusal.code for refusal in OUT_OF_TURN.values()}) == len(State)

    def test_reaches_a_sale_only_through_a_wipe_a_test_and_a_grade(self) -> None:
        for state, steps in TRANSITIONS.items():
            for step, to in steps.items():
                if to is State.READY:
                    assert (step, state in (State.TESTED, State.READY)) == (Step.GRADE, True)
                if to is State.TESTED:
                    assert state in (State.WIPED, State.TESTED, State.TEST_FAILED)
                if step is Step.SELL:
                    assert state is State.READY

    def test_lets_no_former_owners_data_out(self) -> None:
        for state in (State.RECEIVED, State.WIPE_FAILED):
            assert set(TRANSITIONS[state].values()) == {
                State.WIPED,
                State.WIPE_FAILED,
                State.DESTROYED,
            }


class TestWording:
    @pytest.mark.parametrize("state", State)
    def test_says_refurbished_only_of_what_is_wiped_and_tested(self, state: State) -> None:
        checked = state in (State.TESTED, State.READY, State.SOLD, State.IN_REPAIR)
        expected = Wording.REFURBISHED if checked else Wording.SECOND_HAND
        assert wording_of(Condition.USED, state=state) is expected
        assert wording_of(Condition.NEW, state=state) is Wording.NEW


class TestImei:
    @given(st.from_regex(r"[0-9]{15}", fullmatch=True))
    def test_agrees_with_the_reference_library(self, digits: str) -> None:
        if reference.is_valid(digits):
            assert tidy_imei(digits) == digits
        else:
            with pytest.raises(ImeiInvalid):
                tidy_imei(digits)

    @given(st.integers(0, 14), st.integers(1, 9))
    def test_notices_one_wrong_digit(self, place: int, shift: int) -> None:
        imei = an_imei()
        wrong = str((int(imei[place]) + shift) % 10)
        with pytest.raises(ImeiInvalid):
            tidy_imei(imei[:place] + wrong + imei[place + 1 :])

    @pytest.mark.parametrize("text", ["", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥", "35-209900-176148-10", "²" * 15])
    def test_takes_fifteen_ascii_digits_only(self, text: str) -> None:
        with pytest.raises(ImeiInvalid):
            tidy_imei(text)


class TestIdentify:
    @pytest.mark.parametrize(
        ("kind", "imei", "serial"),
        [
            (Kind.PHONE, False, True),
            (Kind.PHONE, False, False),
            (Kind.LAPTOP, True, False),
            (Kind.LAPTOP, True, True),
            (Kind.DESKTOP, False, False),
            (Kind.TABLET, False, False),
        ],
    )
    def test_refuses_what_does_not_identify(self, kind: Kind, imei: bool, serial: bool) -> None:
        with pytest.raises(IdentityMismatch):
            identify(kind, imei=an_imei() if imei else None, serial="S1" if serial else None)

    def test_tidies_a_serial_number(self) -> None:
        assert identify(Kind.LAPTOP, imei=None, serial=" pf 0abc").serial == "PF0ABC"


class TestWipe:
    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("method", Method)
    def test_fails_when_it_did_not_pass_whatever_the_method(
        self, kind: Kind, method: Method
    ) -> None:
        step = step_of(kind, method=method, passed=False, certificate_no="W-1", storage_serial="D1")
        assert step is Step.FAIL_WIPE

    @pytest.mark.parametrize("method", Method)
    def test_is_not_passed_without_a_certificate_nwipe_436(self, method: Method) -> None:
        with pytest.raises(CertificateMissing):
            step_of(
                Kind.LAPTOP, method=method, passed=True, certificate_no=None, storage_serial="D1"
            )

    @pytest.mark.parametrize("kind", Kind)
    def test_destroys_what_is_built_in(self, kind: Kind) -> None:
        step = step_of(
            kind, method=Method.DESTROY, passed=True, certificate_no="W-1", storage_serial="D1"
        )
        assert step is (Step.WIPE if kind.is_computer else Step.DESTROY)

    def test_asks_which_storage_was_destroyed(self) -> None:
        with pytest.raises(StorageUnnamed):
            step_of(
                Kind.LAPTOP,
                method=Method.DESTROY,
                passed=True,
                certificate_no="W-1",
                storage_serial=None,
            )


class TestJudge:
    @given(st.dictionaries(st.sampled_from("abcdef"), st.booleans(), min_size=1))
    def test_passes_only_when_everything_works(self, checks: dict[str, bool]) -> None:
        outcome = judge(checks, required=list(checks))
        assert outcome.passed == all(checks.values())
        assert set(outcome.failed) == {name for name in checks if not checks[name]}
        assert outcome.step is (Step.TEST if all(checks.values()) else Step.FAIL_TEST)

    @given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
    def test_refuses_any_other_list(self, given_names: set[str], required: set[str]) -> None:
        checks = dict.fromkeys(given_names, True)
        if given_names == required and required:
            assert judge(checks, required=required).passed
        else:
            with pytest.raises(ChecksDiffer):
                judge(checks, required=required)


PROOF = Proof(wipe_step_no=2, test_step_no=3, grade_step_no=4, grade=Grade.B)
PRICE = Price(
    price_id=1,
    condition=Condition.USED,
    grade=Grade.B,
    price_cents=Cents(6000),
    from_on=date(2022, 1, 1),
)


def a_sale(
    *,
    proof: Proof | None = PROOF,
    price: Price | None = PRICE,
    from_on: date = TODAY,
    until_on: date = TODAY + timedelta(days=1),
    tendered_cents: int = 6000,
    handover_on: date | None = None,
) -> Sale:
    return sell(
        a_device(),
        sale_id=UUID(int=3),
        site_code=HERE,
        proof=proof,
        price=price,
        person_ref=PERSON,
        entitlements=[Entitlement(person_ref=PERSON, from_on=from_on, until_on=until_on)],
        business_date=TODAY,
        tendered_cents=Cents(tendered_cents),
        handover_on=handover_on,
    )


class TestSell:
    @given(st.integers(0, 20_000))
    def test_gives_exact_change_or_refuses(self, tendered_cents: int) -> None:
        if tendered_cents < 6000:
            with pytest.raises(TenderedTooLittle):
                a_sale(tendered_cents=tendered_cents)
        else:
            sale = a_sale(tendered_cents=tendered_cents)
            assert sale.change_cents + sale.price.price_cents == tendered_cents

    @given(st.integers(-400, 400), st.integers(-400, 400))
    def test_asks_for_an_entitlement_in_force_today(self, start: int, end: int) -> None:
        from_on, until_on = TODAY + timedelta(days=start), TODAY + timedelta(days=end)
        if start <= 0 < end:
            assert a_sale(from_on=from_on, until_on=until_on).business_date == TODAY
        else:
            with pytest.raises(EntitlementNotInForce):
                a_sale(from_on=from_on, until_on=until_on)

    @given(st.permutations([2, 3, 4]))
    def test_asks_for_wipe_test_and_grade_in_that_order(self, order: list[int]) -> None:
        wiped, tested, graded = order
        proof = Proof(wipe_step_no=wiped, test_step_no=tested, grade_step_no=graded, grade=Grade.B)
        if order == [2, 3, 4]:
            assert a_sale(proof=proof).proof == proof
        else:
            with pytest.raises(life.NotTested):
                a_sale(proof=proof)

    def test_refuses_without_proof_or_price(self) -> None:
        with pytest.raises(OutOfTurn):
            a_sale(proof=None)
        with pytest.raises(PriceMissing):
            a_sale(price=None)

    def test_refuses_a_handover_in_the_far_future(self) -> None:
        last_on = TODAY + timedelta(days=HANDOVER_DAYS_MAX)
        assert a_sale(handover_on=last_on).guarantee.starts_on == last_on
        with pytest.raises(HandoverTooFar):
            a_sale(handover_on=last_on + timedelta(days=1))


class TestSentences:
    def test_are_all_said_in_french(self) -> None:
        rules = [
            rule
            for module in pkgutil.iter_modules(domain.__path__)
            for rule in vars(importlib.import_module(f"{domain.__name__}.{module.name}")).values()
            if inspect.isclass(rule) and issubclass(rule, Refusal)
        ]
        sentences = {
            rule.sentence() for rule in rules if rule.__module__.startswith(domain.__name__)
        }
        assert len(sentences) > 30
        for sentence in sentences | {str(wording) for wording in Wording}:
            assert texts.translate(sentence, language="fr", service="equipment") != sentence
