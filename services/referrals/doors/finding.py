"""Looking for people in the whole network, and telling apart those who are alike."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from chassis.timer import every
from services.referrals.api import finding as api
from services.referrals.doors import MANAGERS, STAFF
from services.referrals.handlers import finding
from services.referrals.store import people as person_rows

_REKEY_S = 60
#: How many people one tick makes keys for.
_REKEY_MAX = 500


class FindingDoors:
    """People found however they are written; a person exists once, whatever the site."""

    @http.query(
        "GET",
        "/v1/people",
        query=api.FindPeople,
        answer=list[api.FoundPerson],
        allow=STAFF,
    )
    def find_people(
        self, tx: Transaction, call: Call, asked: api.FindPeople
    ) -> list[api.FoundPerson]:
        """Find people by name, phone, its last digits, or the code of a referral."""
        return finding.find_people(tx, asked, caller=call.caller, now=call.now)

    @http.query(
        "GET",
        "/v1/people/<uuid:person_ref>/duplicates",
        answer=api.Duplicates,
        allow=STAFF,
    )
    def show_duplicates(self, tx: Transaction, call: Call, person_ref: UUID) -> api.Duplicates:
        """Show a person beside those who may be the same, with the reasons."""
        return finding.show_duplicates(
            tx, person_ref, caller=call.caller, now=call.now, language=call.language
        )

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/not-duplicates",
        body=api.TellApart,
        answer=api.ToldApart,
        allow=MANAGERS,
    )
    def tell_apart(
        self, tx: Transaction, call: Call, body: api.TellApart, person_ref: UUID
    ) -> api.ToldApart:
        """Say that two people are two: they are not shown as duplicates any more."""
        return finding.tell_apart(tx, person_ref, body.other, caller=call.caller, now=call.now)

    @every(_REKEY_S)
    def rekey_people(self, tx: Transaction) -> None:
        """Make the keys anew that people are looked up by and that older rules made."""
        person_rows.rekey_people(tx, limit=_REKEY_MAX)
