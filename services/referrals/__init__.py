"""Referrals: who is sent to a reception point, by whom, and what they may buy there.

Owns       referrers' structures, people (their identity is here and nowhere else), referrals,
           entitlements
Publishes  referrals.entitlement.opened.v1, referrals.entitlement.renewed.v1,
           referrals.entitlement.ended.v1, referrals.referral.lapsed.v1,
           referrals.slip.revoked.v1, referrals.person.merged.v1, referrals.person.unmerged.v1,
           referrals.referral.accepted.v1, referrals.referral.refused.v1,
           referrals.referral.submitted.v1
Hears      accounts.access.ended.v1, accounts.site.opened.v1, accounts.user.created.v1,
           accounts.user.disabled.v1,
           recharges.sale.completed.v1
Answers    GET /v1/referrals, POST /v1/referrals, GET /v1/referrals/<uuid:referral_id>,
           POST /v1/referrals/<uuid:referral_id>/seen,
           POST /v1/referrals/<uuid:referral_id>/accept,
           POST /v1/referrals/<uuid:referral_id>/refuse, POST /v1/slips,
           POST /v1/referrals/<uuid:referral_id>/revoke-slip,
           GET /v1/referrals/<uuid:referral_id>/slip.pdf, GET /v1/slips/key, GET /v1/slips/revoked,
           POST /v1/walk-ins, POST /v1/referrals/<uuid:referral_id>/confirm,
           GET /v1/sites/<string:site_code>/criteria, POST /v1/sites/<string:site_code>/criteria,
           GET /v1/people/<uuid:person_ref>, POST /v1/people/<uuid:person_ref>/renewals,
           POST /v1/people/<uuid:person_ref>/merge, POST /v1/people/<uuid:person_ref>/unmerge,
           GET /v1/structures, POST /v1/structures,
           GET /v1/structures/<uuid:structure_id>/conventions,
           POST /v1/structures/<uuid:structure_id>/conventions,
           POST /v1/structures/<uuid:structure_id>/conventions/<uuid:convention_id>/end,
           GET /v1/structures/<uuid:structure_id>/workers,
           POST /v1/structures/<uuid:structure_id>/workers,
           POST /v1/structures/<uuid:structure_id>/workers/<uuid:user_id>/end,
           GET /v1/workers/me, PUT /v1/workers/me
"""
