"""What referrers are written, and that it is written of each step, once, to who should read it."""

from datetime import date, timedelta
from string import Formatter
from typing import Any
from uuid import UUID

import pytest

from chassis import texts
from services.referrals.api import referrals as referral_api
from services.referrals.api import structures as structure_api
from services.referrals.handlers import answering, learning, slips, workers
from services.referrals.printing import letters
from tests.fix_stack import TxOf
from tests.referrals import letterbox
from tests.referrals.build import (
    DESK,
    NOW,
    Tx,
    a_caller,
    a_fact,
    a_house,
    accept,
    employ,
    hear_of,
    new_id,
    open_site,
    renew,
    see,
    submit,
)

PERSON: Any = {"given_name": "Hélène", "family_name": "Épervier", "phone": "06 39 98 00 12"}
SENTENCES = sorted(
    {text for words in letters.TO_REFERRER.values() for text in (words.subject, words.body)}
    | {letters.TO_PERSON.subject, letters.TO_PERSON.body, letters.FOOT}
)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


@pytest.fixture
def zoe(tx: Tx) -> Any:
    """A referrer who is written to."""
    me = a_caller("referrer")
    employ(tx, a_house(tx, me), me, email="zoe@ccas.example")
    return me


class TestWords:
    @pytest.mark.parametrize("sentence", SENTENCES)
    def test_are_said_in_french_with_the_same_values(self, sentence: str) -> None:
        french = texts.translate(sentence, language="fr", service="referrals")

        assert french != sentence
        assert fields(french) <= fields(sentence)

    def test_know_no_more_of_a_person_than_code_and_initials(self) -> None:
        known = set().union(*map(fields, SENTENCES))

        assert known == {"code", "initials", "site", "last_on"}

    def test_initials_are_those_of_both_names(self) -> None:
        assert letters.initials("élise", "Ç") == "É.Ç."


class TestSteps:
    def test_are_each_mailed_once_with_the_last_of_a_move(self, tx: Tx, zoe: Any) -> None:
        first = submit(tx, caller=zoe, **PERSON)
        see(tx, first.referral_id)
        see(tx, first.referral_id)
        entitled = accept(tx, first.referral_id)
        self.visit(tx, entitled.person_ref, after=timedelta(hours=2))
        self.visit(tx, entitled.person_ref, after=timedelta(hours=1))  # heard of later
        second = submit(tx, caller=zoe, **PERSON)
        renew(tx, entitled.person_ref, second.referral_id)
        third = submit(tx, caller=zoe)
        body = referral_api.RefuseReferral(reason="Hélène Épervier habite trop loin")
        answering.refuse_referral(tx, third.referral_id, body, caller=DESK, now=NOW, new_id=new_id)
        fourth = submit(tx, caller=zoe)
        revoked = referral_api.RevokeSlip(reason="Perdu par Hélène")
        slips.revoke_slip(tx, fourth.referral_id, revoked, caller=DESK, now=NOW, new_id=new_id)

        assert [kind.removeprefix("referral_") for kind in letterbox.kinds(tx)] == [
            "submitted",
            "seen",
            "accepted",
            "first_visit",
            "submitted",
            "renewed",
            "renewed",
            "submitted",
            "refused",
            "submitted",
            "revoked",
        ]
        for _, mail in letterbox.filed(tx):
            said = letterbox.words(mail)
            assert mail["To"] == "zoe@ccas.example"
            for name in ("Hélène", "pervier", "39 98", "1980"):
                assert name not in said
        [told] = [mail for kind, mail in letterbox.filed(tx) if kind == "referral_accepted"]
        assert told["Subject"] == f"Bon d'orientation {first.code} : accepté"
        assert f"{first.code} (H.É.)" in letterbox.words(told)

    def test_say_in_english_to_whom_asks(self, tx: Tx, zoe: Any) -> None:
        body = structure_api.Contact(email="zoe@ccas.example", language="en")
        workers.set_contact(tx, body, caller=zoe, now=NOW)

        made = submit(tx, caller=zoe, **PERSON)

        [(_, mail)] = letterbox.filed(tx)
        assert mail["Subject"] == f"Referral {made.code}: sent"
        assert "It is good until February 19, 2027." in letterbox.words(mail)

    def test_are_mailed_to_nobody_without_an_address_or_an_account(self, tx: Tx, zoe: Any) -> None:
        submit(tx, caller=a_caller("referrer"))
        made = submit(tx, caller=zoe)
        hear_of(tx, zoe.user_id, ended=True)
        see(tx, made.referral_id)

        assert letterbox.kinds(tx) == ["referral_submitted"]

    def test_go_with_the_transaction_that_made_them(self, tx: Tx, zoe: Any) -> None:
        made = submit(tx, caller=zoe)
        tx.execute("SAVEPOINT before")
        accept(tx, made.referral_id)
        tx.execute("ROLLBACK TO before")

        assert letterbox.kinds(tx) == ["referral_submitted"]

    def visit(self, tx: Tx, person_ref: UUID, *, after: timedelta) -> None:
        told = {"person_ref": str(person_ref)}
        sale = a_fact("recharges.sale.completed.v1", told, at=NOW + after)
        learning.note_visits(tx, [sale], now=NOW, new_id=new_id)


def test_last_day_is_the_day_before_a_referral_expires(tx: Tx, zoe: Any) -> None:
    assert submit(tx, caller=zoe).expires_on == date(2027, 2, 20)

    [(_, mail)] = letterbox.filed(tx)
    assert "valable jusqu'au 19 février 2027" in letterbox.words(mail)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
