"""Recharges: sells operators' prepaid credit at a solidarity price, one voucher at a time.

Owns       tariff, voucher stock, tills, drawers, monthly caps, sales, cash lines, fiscal journal
Publishes  recharges.batch.received.v1, recharges.cash.moved.v1, recharges.drawer.closed.v1,
           recharges.erasure.acknowledged.v1, recharges.export.answered.v1,
           recharges.sale.completed.v1, recharges.sale.refunded.v1, recharges.stock.low.v1,
           recharges.till.closed.v1, recharges.till.opened.v1, recharges.transfer.cancelled.v1,
           recharges.transfer.received.v1, recharges.transfer.sent.v1, recharges.voucher.found.v1,
           recharges.voucher.written_off.v1
Hears      accounts.access.ended.v1, accounts.device.enrolled.v1, accounts.device.revoked.v1,
           accounts.site.opened.v1, referrals.entitlement.opened.v1,
           referrals.entitlement.renewed.v1, referrals.entitlement.shortened.v1,
           referrals.export.requested.v1, referrals.person.erased.v1, referrals.person.merged.v1,
           referrals.person.unmerged.v1
Shows      GET /caisse
Answers    GET /v1/batches, GET /v1/closings/<uuid:closing_id>/report, GET /v1/drawer-sessions,
           GET /v1/drawer-sessions/<uuid:drawer_session_id>/report,
           GET /v1/drawer-sessions/<uuid:drawer_session_id>/x, GET /v1/offers,
           GET /v1/people/<uuid:person_ref>/cap, GET /v1/refunds,
           GET /v1/refunds/<uuid:refund_id>/ticket, GET /v1/sales/<uuid:sale_id>,
           GET /v1/sales/<uuid:sale_id>/reveals, GET /v1/sales/<uuid:sale_id>/ticket, GET /v1/stock,
           GET /v1/stock/alerts, GET /v1/stock/batches/<uuid:batch_id>, GET /v1/tills,
           GET /v1/tills/<uuid:till_id>/card-sales, GET /v1/tills/<uuid:till_id>/closings,
           GET /v1/tills/<uuid:till_id>/leases, GET /v1/tills/<uuid:till_id>/sales,
           GET /v1/transfers, GET /v1/transfers/<uuid:transfer_id>,
           POST /v1/batches/<uuid:batch_id>/freeze, POST /v1/batches/<uuid:batch_id>/recall,
           POST /v1/batches/<uuid:batch_id>/release, POST /v1/batches/<uuid:batch_id>/unfreeze,
           POST /v1/closings/<uuid:closing_id>/prints,
           POST /v1/drawer-sessions/<uuid:drawer_session_id>/approval,
           POST /v1/drawer-sessions/<uuid:drawer_session_id>/close,
           POST /v1/drawer-sessions/<uuid:drawer_session_id>/handovers,
           POST /v1/drawer-sessions/<uuid:drawer_session_id>/movements,
           POST /v1/leases/<uuid:lease_id>/return, POST /v1/refunds/<uuid:refund_id>/answer,
           POST /v1/refunds/<uuid:refund_id>/payout, POST /v1/refunds/<uuid:refund_id>/prints,
           POST /v1/sales, POST /v1/sales/<uuid:sale_id>/cancellations,
           POST /v1/sales/<uuid:sale_id>/refunds, POST /v1/sales/<uuid:sale_id>/reprints,
           POST /v1/sales/<uuid:sale_id>/reveals, POST /v1/stock/changes, POST /v1/stripe/webhooks,
           POST /v1/tills/<uuid:till_id>/closings, POST /v1/tills/<uuid:till_id>/drawer-sessions,
           POST /v1/tills/<uuid:till_id>/leases, POST /v1/tills/<uuid:till_id>/offline-sales,
           POST /v1/tills/<uuid:till_id>/unfreeze, POST /v1/transfers,
           POST /v1/transfers/<uuid:transfer_id>/cancel,
           POST /v1/transfers/<uuid:transfer_id>/receive
"""
