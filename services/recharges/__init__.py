"""Recharges: sells operators' prepaid credit at a solidarity price, one voucher at a time.

Owns       tariff, voucher stock, tills, drawers, monthly caps, sales, cash lines, fiscal journal
Publishes  recharges.batch.received.v1, recharges.drawer.closed.v1, recharges.sale.completed.v1,
           recharges.sale.refunded.v1, recharges.stock.low.v1, recharges.till.closed.v1,
           recharges.till.opened.v1
Hears      accounts.device.enrolled.v1, accounts.device.revoked.v1, accounts.site.opened.v1,
           referrals.entitlement.opened.v1, referrals.entitlement.renewed.v1
Answers    GET /v1/offers, GET /v1/sales/<uuid:sale_id>, GET /v1/stock, GET /v1/tills,
           POST /v1/sales
"""
