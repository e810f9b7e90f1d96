"""Settlement: a double-entry ledger per operator, fed only by facts from the bus.

Owns       entries and their transfers: credits given, sold and left; tills' takings; option gifts
Publishes  nothing
Hears      donations.option.reported.v1, equipment.device.sold.v1, recharges.batch.received.v1,
           recharges.sale.completed.v1
Answers    GET /v1/ledger, GET /v1/periods/<operator>/<period>
"""
