"""Settlement: a double-entry ledger per operator, fed only by facts from the bus.

Owns       entries, their transfers and the totals of days: credits given, sold, on their way,
           written off and left; cash in tills, safes and on its way to the bank; takings and gaps;
           option gifts; the anchors of tills' journals
Publishes  settlement.erasure.acknowledged.v1, settlement.export.answered.v1
Hears      accounts.access.ended.v1, donations.option.reported.v1, equipment.device.sold.v1,
           recharges.batch.received.v1, recharges.cash.moved.v1, recharges.drawer.closed.v1,
           recharges.sale.completed.v1, recharges.sale.refunded.v1, recharges.till.closed.v1,
           recharges.till.opened.v1, recharges.transfer.cancelled.v1,
           recharges.transfer.received.v1, recharges.transfer.sent.v1, recharges.voucher.found.v1,
           recharges.voucher.written_off.v1, referrals.export.requested.v1,
           referrals.person.erased.v1
Shows      GET /pilotage/livraisons/<service>
Answers    GET /v1/ledger, GET /v1/periods/<operator>/<period>,
           GET /v1/backlog, GET /v1/parked,
           POST /v1/parked/<int:parked_id>/replay, POST /v1/parked/<int:parked_id>/discard
"""
