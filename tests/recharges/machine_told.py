"""What others are told, for the machine that plays everything: enough to keep the same books.

Whoever posts the facts in the outbox as settlement does has every shelf and every drawer to the
voucher and to the cent, after each step.
"""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from kernel.envelope import Envelope
from services.settlement.domain.account import Account
from services.settlement.domain.posting import post
from tests.recharges.machine_tills import TillRules
from tests.recharges.shop import Shop
from tests.settlement.bus import POSTED

FACE_CENTS = 1_500
_GONE = {"lost", "damaged", "expired"}
_SHELF = {"available", "quarantined", "reserved", "leased", "frozen"}


class Posted:
    """The books of somebody who only hears."""

    def __init__(self) -> None:
        self.position = 0
        self.vouchers: Counter[tuple[str, Account]] = Counter()
        self.cents: Counter[tuple[str, Account]] = Counter()

    def hear(self, shop: Shop) -> None:
        """Post what was told since the last time."""
        told = shop.all("SELECT * FROM outbox WHERE position > %s ORDER BY position", self.position)
        for row in told:
            self.position = row["position"]
            if row["type"] in POSTED:
                self._post(
                    Envelope(
                        id=row["event_id"],
                        type=row["type"],
                        subject=row["subject"],
                        site=row["site"],
                        time=row["occurred_at"],
                        data=row["data"],
                    )
                )

    def _post(self, fact: Envelope) -> None:
        for entry in post(POSTED[fact.type](fact)):
            for each in entry.transfers:
                for account, sign in ((each.debit, 1), (each.credit, -1)):
                    place = entry.site_code, account
                    self.vouchers[place] += sign * each.item_count
                    self.cents[place] += sign * each.amount_cents


class ToldRules(TillRules):
    """Cash moved for other reasons than a sale, and the books of who heard of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.posted = Posted()

    @precondition(
        lambda self: any(
            book.session and not book.session.counted for book in self.model.ledger.tills.values()
        )
    )
    @rule(
        choice=st.data(),
        cents=st.integers(-2_000, 2_000).filter(bool),
        purpose=st.sampled_from(["safe", "bank", "expense"]),
    )
    def move_cash(self, choice: st.DataObject, cents: int, purpose: str) -> None:
        till_id, book = choice.draw(
            st.sampled_from(
                [
                    (till_id, book)
                    for till_id, book in self.model.ledger.tills.items()
                    if book.session and not book.session.counted
                ]
            )
        )
        assert book.session is not None
        self.desk(till_id).move(
            book.session.drawer_session_id,
            "in" if cents > 0 else "out",
            abs(cents),
            "as it is told",
            purpose=purpose,
        )
        book.session.expected_cents += cents
        self.happened("cash moved")

    @invariant()
    def who_hears_has_every_shelf(self) -> None:
        self.posted.hear(self.shop)
        wanted: Counter[tuple[str, Account]] = Counter()
        for each in self.model.vouchers.values():
            if each.state in _SHELF:
                wanted[each.site_code, Account.CREDITS_STOCK] += 1
            elif each.state in _GONE:
                wanted[each.site_code, Account(f"credits_{each.state}")] += 1
                self.happened(f"told as {each.state}")
        on_their_way = len(self.model.in_state("in_transfer"))
        kept = {Account.CREDITS_STOCK, *(Account(f"credits_{state}") for state in _GONE)}
        vouchers = {place: n for place, n in self.posted.vouchers.items() if n and place[1] in kept}
        cents = {place: n for place, n in self.posted.cents.items() if n and place[1] in kept}
        assert vouchers == dict(wanted)
        assert cents == {place: n * FACE_CENTS for place, n in wanted.items()}
        assert on_their_way == sum(
            count
            for (_, account), count in self.posted.vouchers.items()
            if account is Account.CREDITS_IN_TRANSIT
        )

    @invariant()
    def who_hears_has_every_drawer(self) -> None:
        self.posted.hear(self.shop)
        wanted: Counter[str] = Counter()
        for book in self.model.ledger.tills.values():
            if book.session is not None:
                wanted[book.site_code] += book.session.expected_cents
        for site_code in {site for site, _ in self.posted.cents}:
            assert self.posted.cents[site_code, Account.TILL_CASH] == wanted[site_code]
