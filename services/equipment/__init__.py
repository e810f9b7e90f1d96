"""Equipment: donated phones and computers, from the donor's lot to the person who buys one.

Owns       lots, devices, wipes, tests, grades, prices, sales, guarantees, repairs, recycling slips
Publishes  equipment.device.ready.v1, equipment.device.received.v1, equipment.device.sold.v1,
           equipment.erasure.acknowledged.v1, equipment.export.answered.v1
Hears      accounts.access.ended.v1, accounts.site.opened.v1, referrals.entitlement.opened.v1,
           referrals.entitlement.renewed.v1, referrals.entitlement.shortened.v1,
           referrals.export.requested.v1, referrals.person.erased.v1, referrals.person.merged.v1,
           referrals.person.unmerged.v1
Shows      GET /pilotage/livraisons/<service>
Answers    POST /v1/lots, POST /v1/devices, POST /v1/devices/<uuid:device_id>/wipes,
           POST /v1/devices/<uuid:device_id>/tests, POST /v1/devices/<uuid:device_id>/grade,
           POST /v1/devices/<uuid:device_id>/sales, POST /v1/devices/<uuid:device_id>/repairs,
           POST /v1/repairs/<uuid:repair_id>/close,
           POST /v1/devices/<uuid:device_id>/end-of-life, POST /v1/blocked-imeis,
           GET /v1/devices, GET /v1/devices/<uuid:device_id>, GET /v1/sales/<uuid:sale_id>,
           GET /v1/checks, GET /v1/prices,
           GET /v1/backlog, GET /v1/parked,
           POST /v1/parked/<int:parked_id>/replay, POST /v1/parked/<int:parked_id>/discard
"""
