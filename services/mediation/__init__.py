"""Mediation: leads a person's telecom debts from a mandate to an outcome, and does the sums.

Owns       debt cases, mandates, debt lines, offers and their answers, payment
           plans; the legal rates of interest; who read which case
Publishes  mediation.case.closed.v1, mediation.case.opened.v1, mediation.erasure.acknowledged.v1,
           mediation.export.answered.v1, mediation.offer.answered.v1, mediation.offer.made.v1,
           mediation.plan.agreed.v1
Hears      accounts.access.ended.v1, referrals.entitlement.opened.v1,
           referrals.entitlement.renewed.v1, referrals.entitlement.shortened.v1,
           referrals.export.requested.v1, referrals.person.erased.v1, referrals.person.merged.v1,
           referrals.person.unmerged.v1
Shows      GET /pilotage/livraisons/<service>
Answers    GET /v1/cases, GET /v1/cases/<uuid:case_id>, GET /v1/cases/<uuid:case_id>/accesses,
           POST /v1/calculators/late-interest, POST /v1/calculators/limitation,
           POST /v1/calculators/plan, POST /v1/calculators/termination-fee, POST /v1/cases,
           POST /v1/cases/<uuid:case_id>/close, POST /v1/cases/<uuid:case_id>/lines,
           POST /v1/cases/<uuid:case_id>/mandates, POST /v1/cases/<uuid:case_id>/offers,
           POST /v1/cases/<uuid:case_id>/over-indebtedness,
           POST /v1/mandates/<uuid:mandate_id>/revoke, POST /v1/offers/<uuid:offer_id>/answers,
           GET /v1/backlog, GET /v1/parked,
           POST /v1/parked/<int:parked_id>/replay, POST /v1/parked/<int:parked_id>/discard
"""
