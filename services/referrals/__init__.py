"""Referrals: who is sent to a reception point, by whom, and what they may buy there.

Owns       referrers' structures, people (their identity is here and nowhere else), referrals,
           entitlements
Publishes  referrals.referral.submitted.v1, referrals.referral.accepted.v1,
           referrals.referral.refused.v1, referrals.entitlement.opened.v1,
           referrals.entitlement.renewed.v1
Hears      accounts.site.opened.v1, recharges.sale.completed.v1
Answers    GET /v1/referrals, POST /v1/referrals, GET /v1/referrals/<id>
           POST /v1/referrals/<id>/seen, POST /v1/referrals/<id>/accept
           POST /v1/referrals/<id>/refuse
           POST /v1/slips
           GET /v1/people/<id>, POST /v1/people/<id>/renewals
           GET /v1/structures, POST /v1/structures, POST /v1/structures/<id>/workers
"""
