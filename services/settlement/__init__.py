"""Settlement: a double-entry ledger per operator, fed only by facts from the bus.

Owns       entries, their transfers and the totals of days: credits given, sold and left; tills'
           takings and their gaps; option gifts; the anchors of tills' journals
Publishes  nothing
Hears      accounts.access.ended.v1, donations.option.reported.v1, equipment.device.sold.v1,
           recharges.batch.received.v1,
           recharges.drawer.closed.v1, recharges.sale.completed.v1, recharges.sale.refunded.v1,
           recharges.till.closed.v1
Answers    GET /v1/ledger, GET /v1/periods/<operator>/<period>
"""
