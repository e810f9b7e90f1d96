"""A till's desk in tests: its drawer, its closings and who stands behind it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.recharges.api import drawers as api
from services.recharges.api.selling import SaleDone
from services.recharges.domain import journal, verification
from services.recharges.domain.journal import Kind, Period
from services.recharges.domain.verification import Anchor, Report
from services.recharges.handlers import archiving, closings, drawers
from services.recharges.handlers.closings import Made
from services.recharges.handlers.journalling import Pen
from services.recharges.signing import is_signed
from services.recharges.store import drawers as store
from services.recharges.store import journal as records
from tests.recharges.archives import a_ticket
from tests.recharges.build import NOON, an_order
from tests.recharges.shop import KEYS, Shop, done, new_id

CASHIER, MANAGER, COLLEAGUE = UUID(int=7), UUID(int=8), UUID(int=9)
FLOAT = {"2000": 2, "1000": 1}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One till of a shop at an instant."""

    shop: Shop
    till_id: UUID
    person: UUID
    now: datetime = NOON

    def at(self, now: datetime) -> "Desk":
        return replace(self, now=now)

    def pen(self, by: UUID | None = CASHIER) -> Pen:
        return Pen(keys=KEYS, new_id=new_id, now=self.now, by=by)

    def till(self) -> dict[str, Any]:
        return store.lock_till(self.shop.tx, self.till_id)

    def open(self, pieces: dict[str, int] | None = None) -> UUID:
        opened = drawers.open_drawer(
            self.shop.tx,
            self.till(),
            pieces=FLOAT if pieces is None else pieces,
            by=CASHIER,
            pen=self.pen(),
        )
        return opened.drawer_session_id

    def sell(self, quantity: int = 1, *, tendered_cents: int = 10_000) -> SaleDone:
        order = an_order(
            self.till_id,
            self.person,
            ("sfr-15", quantity),
            tendered_cents=tendered_cents,
            ordered_at=self.now,
        )
        return done(self.shop.sell([order])[0])

    def hand_over(
        self,
        to: UUID,
        *,
        by: UUID = CASHIER,
        is_supervisor: bool = False,
        counted_cents: int = 5000,
    ) -> api.HandedOver:
        """Give the open drawer to somebody, counted to a sum."""
        till, session = store.lock_drawer(self.shop.tx, self.session())
        asked = api.HandOver(to_user=to, counted={"1": counted_cents})
        return drawers.hand_over(
            self.shop.tx,
            till,
            session,
            asked,
            by=by,
            is_supervisor=is_supervisor,
            pen=self.pen(by),
        )

    def move(
        self,
        session_id: UUID,
        kind: str,
        cents: int,
        reason: str,
        *,
        purpose: Any = "safe",
        by: UUID = CASHIER,
        is_supervisor: bool = False,
    ) -> api.CashMoved:
        till, session = store.lock_drawer(self.shop.tx, session_id)
        asked = api.MoveCash(kind=kind, amount_cents=cents, purpose=purpose, reason=reason)
        return drawers.move_cash(
            self.shop.tx,
            till,
            session,
            asked,
            by=by,
            is_supervisor=is_supervisor,
            pen=self.pen(by),
        )

    def close(
        self,
        session_id: UUID,
        counted_cents: int,
        *,
        by: UUID = CASHIER,
        is_supervisor: bool = False,
    ) -> api.DrawerCounted:
        """Count the drawer to a sum, in cents, and close it."""
        till, session = store.lock_drawer(self.shop.tx, session_id)
        return drawers.close_drawer(
            self.shop.tx,
            till,
            session,
            counted={"1": counted_cents},
            by=by,
            is_supervisor=is_supervisor,
            pen=self.pen(by),
        )

    def approve(self, session_id: UUID, *, by: UUID = MANAGER) -> api.DrawerCounted:
        till, session = store.lock_drawer(self.shop.tx, session_id)
        return drawers.approve_drawer(
            self.shop.tx, till, session, reason="billet égaré", by=by, pen=self.pen(by)
        )

    def session(self) -> UUID:
        found: UUID = self.till()["drawer_session_id"]
        return found

    def read(self, session_id: UUID, *, is_supervisor: bool = True) -> api.DrawerRead:
        session = store.find_drawer(self.shop.tx, session_id)
        return drawers.read_drawer(self.shop.tx, session, is_supervisor=is_supervisor)

    def close_period(self, period: Period) -> Made:
        """Close a period; a day also while its drawer is open, as the clock does."""
        till, pen = self.till(), self.pen(MANAGER)
        if period is Period.DAY and till["frozen_why"] is None:
            return closings.close_day(self.shop.tx, till, on=pen.today, pen=pen)
        return self.ask_to_close(period)

    def ask_to_close(self, period: Period) -> Made:
        """Close a period as somebody at the till asks for it."""
        return closings.close_period(self.shop.tx, self.till(), period, pen=self.pen(MANAGER))

    def tick(self) -> int:
        """What the clock does."""
        return closings.close_what_is_over(self.shop.tx, pen=self.pen(None))

    def closings(self, period: str = "day") -> list[dict[str, Any]]:
        return self.shop.all(
            "SELECT * FROM closing WHERE till_id = %s AND period = %s ORDER BY closing_no",
            self.till_id,
            period,
        )

    def told(self, type_: str) -> list[dict[str, Any]]:
        rows = self.shop.all("SELECT data FROM outbox WHERE type = %s ORDER BY ctid", type_)
        return [row["data"] for row in rows]

    def events(self) -> list[str]:
        rows = self.shop.all(
            "SELECT record::json ->> 'name' AS name FROM journal"
            " WHERE till_id = %s AND kind = 'event' ORDER BY sequence",
            self.till_id,
        )
        return [row["name"] for row in rows]

    def upload_late(self, *, on: date) -> int:
        """Append the ticket of a sale of an earlier day, made without the network."""
        till = self.till()
        offline = journal.Offline(sequence=1, hash="ab" * 32, received_at=self.now.isoformat())
        sequence, _ = records.append(
            self.shop.tx,
            Kind.TICKET,
            till=till,
            build=lambda sequence: journal.ticket_record(
                **a_ticket(sequence, till_id=self.till_id, business_date=on, offline=offline)
            ),
            keys=KEYS,
            business_date=on,
            recorded_at=self.now,
            total_cents=250,
        )
        return sequence

    def assert_whole(self) -> None:
        """The whole journal, as an archive, is found whole by the verifier."""
        report = self.verify()
        assert [str(finding) for finding in report.findings] == []

    def verify(self, *anchors: Anchor) -> Report:
        header = archiving.plan(self.shop.tx, self.till_id, year=None, pen=self.pen())
        return verification.verify(
            archiving.lines(self.shop.tx, header, keys=KEYS),
            is_signed=is_signed,
            anchors=anchors,
            trusted_keys=KEYS.public_keys(),
        )


def a_desk(shop: Shop, *, vouchers: int = 40) -> Desk:
    """A till that may sell that many vouchers to one person."""
    till_id, person = shop.enrol_till(), shop.entitle(cap_cents=1_000_000)
    shop.stock_up(vouchers)
    return Desk(shop=shop, till_id=till_id, person=person)
