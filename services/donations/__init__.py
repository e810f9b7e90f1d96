"""Donations: the 1 euro a month that operators' customers give, as their operators report it.

Owns       operators, the cap on one operation, option reports and their lines
Publishes  donations.erasure.acknowledged.v1, donations.export.answered.v1,
           donations.option.reported.v1
Hears      accounts.access.ended.v1, referrals.export.requested.v1, referrals.person.erased.v1
Shows      GET /pilotage/livraisons/<service>
Answers    GET /v1/option-reports, POST /v1/option-reports,
           GET /v1/backlog, GET /v1/parked,
           POST /v1/parked/<int:parked_id>/replay, POST /v1/parked/<int:parked_id>/discard
"""
