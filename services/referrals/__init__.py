"""Referrals: who is sent to a reception point, by whom, and what they may buy there.

Owns       referrers' structures, people (their identity is here and nowhere else), referrals,
           entitlements
Publishes  referrals.entitlement.ended.v1, referrals.entitlement.opened.v1,
           referrals.entitlement.renewed.v1, referrals.entitlement.shortened.v1,
           referrals.export.requested.v1, referrals.person.erased.v1, referrals.person.merged.v1,
           referrals.person.unmerged.v1, referrals.referral.accepted.v1,
           referrals.referral.lapsed.v1, referrals.referral.refused.v1,
           referrals.referral.submitted.v1, referrals.slip.revoked.v1
Hears      accounts.access.ended.v1, accounts.erasure.acknowledged.v1, accounts.export.answered.v1,
           accounts.site.opened.v1, accounts.user.created.v1, accounts.user.disabled.v1,
           donations.erasure.acknowledged.v1, donations.export.answered.v1,
           equipment.device.sold.v1, equipment.erasure.acknowledged.v1,
           equipment.export.answered.v1, mediation.case.closed.v1, mediation.case.opened.v1,
           mediation.erasure.acknowledged.v1, mediation.export.answered.v1,
           recharges.erasure.acknowledged.v1, recharges.export.answered.v1,
           recharges.sale.completed.v1, settlement.erasure.acknowledged.v1,
           settlement.export.answered.v1
Answers    GET /v1/referrals, POST /v1/referrals, GET /v1/referrals/<uuid:referral_id>,
           POST /v1/referrals/<uuid:referral_id>/seen, POST /v1/referrals/<uuid:referral_id>/accept,
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
           POST /v1/structures/<uuid:structure_id>/workers/<uuid:user_id>/end, GET /v1/workers/me,
           PUT /v1/workers/me, GET /v1/erasures, GET /v1/people/<uuid:person_ref>/accesses,
           POST /v1/people/<uuid:person_ref>/erasure, GET /v1/people/<uuid:person_ref>/export,
           GET /v1/retention
"""
