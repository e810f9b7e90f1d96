"""Refunds by card, from act to act: granted, asked of Stripe, done.

Stripe's key is the refund's own id, so that an answer lost on the way gives the money back once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.db import Database, Transaction
from services.recharges.domain.card import Refunded
from services.recharges.domain.refund import Vouchers
from services.recharges.gateway import Away, Gateway, Refused
from services.recharges.handlers import refunds as acts
from services.recharges.handlers.cards import Tools
from services.recharges.store import refunds as store
from services.recharges.store.refunds import Due

_log = logging.getLogger(__name__)
_AGAIN_S = 15
_AGAIN_AFTER_REFUSAL_S = 3600
_SWEPT_AT_ONCE = 20
_SWEEP_S_MAX = 20.0


@dataclass(frozen=True, kw_only=True)
class RefundDesk:
    """Gives card payments back for one process."""

    database: Database
    gateway: Gateway
    tools: Tools
    now: Callable[[], datetime]
    alert: Callable[[str], object]

    def sweep(self, tx: Transaction) -> None:
        """Give back what is granted; `tx` only finds it."""
        began = self.now()
        for refund in store.due(tx, now=began, limit=_SWEPT_AT_ONCE):
            if self.now() - began > timedelta(seconds=_SWEEP_S_MAX):
                return
            try:
                self._give_back(refund)
            except Exception:  # one refund that nobody foresaw must not hold up the others
                _log.exception("refund not settled", extra={"refund": str(refund.refund_id)})

    def _give_back(self, refund: Due) -> None:
        self._put_off(refund, seconds=_AGAIN_S)
        try:
            done = self._ask(refund)
        except Away as away:
            _log.warning("refund not answered", extra={"reason": str(away)[:300]})
            return
        except Refused as refused:
            self._refused(refund, refused)
            return
        with self.database.transaction() as tx:
            acts.paid_back(
                tx,
                refund.refund_id,
                stripe_refund_id=done.stripe_refund_id,
                pen=self.tools.pen(self.now()),
            )

    def _ask(self, refund: Due) -> Refunded:
        """Ask for the refund; where the answer says nothing of it, look whether it was made."""
        try:
            made = self.gateway.refund(
                refund_id=refund.refund_id,
                intent_id=refund.intent_id,
                amount_cents=refund.amount_cents,
            )
        except (Away, Refused):
            found = self.gateway.find_refund(refund_id=refund.refund_id, intent_id=refund.intent_id)
            if found is None:
                raise
            made = found
        if made.failed:
            raise Refused("the refund failed", code="refund_failed")
        return made

    def _refused(self, refund: Due, refused: Refused) -> None:
        _log.error("refund refused", extra={"reason": str(refused), "stripe": refused.code})
        self.alert("refund_refused")
        if refund.vouchers == Vouchers.RETURNED:
            with self.database.transaction() as tx:
                acts.deny(tx, refund.refund_id, why=refused.code or "refused", now=self.now())
        else:  # the operator has the voucher back already: somebody has to find another way
            self._put_off(refund, seconds=_AGAIN_AFTER_REFUSAL_S)

    def _put_off(self, refund: Due, *, seconds: int) -> None:
        with self.database.transaction() as tx:
            store.put_off(tx, refund.refund_id, look_at=self.now() + timedelta(seconds=seconds))
