-- name: held_identity
SELECT person_ref, given_name, family_name, birth_date, phone, email, known_since
  FROM person
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY known_since;

-- name: held_names
-- The names under which other services know the person.
SELECT person_ref, last_contact_at
  FROM pseudonym
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY person_ref;

-- name: held_referrals
-- With the structure that sent the person; the name of whoever works there is not theirs.
SELECT referral_id, code, person_ref, site_code, structure.name AS structure, situation, needs,
       monthly_spend_cents, has_mobile, has_computer, has_internet, submitted_at, expires_on, state,
       walk_in, refusal_code, refusal_reason, revocation_reason
  FROM referral
  LEFT JOIN structure USING (structure_id)
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY referral_id;

-- name: held_steps
SELECT referral_step.referral_id, referral_step.step, referral_step.at, referral_step.by_role
  FROM referral
  JOIN referral_step USING (referral_id)
 WHERE referral.person_ref = ANY (%(person_refs)s)
 ORDER BY referral_step.position;

-- name: held_criteria
-- What was asked when the person was taken in, and answered.
SELECT criterion_answer.referral_id, criterion_answer.criterion, criterion_answer.figures,
       criterion_answer.at
  FROM referral
  JOIN criterion_answer USING (referral_id)
 WHERE referral.person_ref = ANY (%(person_refs)s)
 ORDER BY criterion_answer.at;

-- name: held_visits
SELECT first_visit.referral_id, first_visit.at
  FROM referral
  JOIN first_visit USING (referral_id)
 WHERE referral.person_ref = ANY (%(person_refs)s)
 ORDER BY first_visit.at;

-- name: held_entitlements
SELECT entitlement_id, person_ref, from_on, until_on, monthly_cap_cents, renewal_count
  FROM entitlement
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY from_on;

-- name: held_entitlement_changes
-- What became of each entitlement, and when.
SELECT entitlement_change.entitlement_id, 'entitlement_' || entitlement_change.change AS change,
       entitlement_change.at, entitlement_change.until_on, entitlement_change.monthly_cap_cents
  FROM entitlement
  JOIN entitlement_change USING (entitlement_id)
 WHERE entitlement.person_ref = ANY (%(person_refs)s)
 ORDER BY entitlement_change.change_id;

-- name: held_told_apart
-- When somebody said that the person is not another; who that is, is not theirs.
SELECT at
  FROM told_apart
 WHERE person_ref = ANY (%(person_refs)s) OR other_ref = ANY (%(person_refs)s)
 ORDER BY at;

-- name: held_merges
SELECT person_ref, merged_into, merged_at, unmerged_at
  FROM person_merge
 WHERE person_ref = ANY (%(person_refs)s) OR merged_into = ANY (%(person_refs)s)
 ORDER BY merge_id;

-- name: held_accesses
-- Who looked at the person's identity, by role and site; the names of colleagues are not theirs.
SELECT at, what, why, fields, by_role, site_codes
  FROM access
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY access_id;

-- name: held_restrictions
SELECT person_ref, ground, at, lifted_at, lifted_why, informed_on
  FROM restriction
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY restriction_id;

-- name: held_exports
SELECT asked_at, ready_at
  FROM export
 WHERE person_refs && %(person_refs)s
 ORDER BY asked_at;

-- name: held_notices
SELECT last_contact_at, noticed_at, erase_on, mailed
  FROM retention_notice
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY noticed_at;

-- name: blank_refusals
-- What a site wrote to the referrer; a reason may not be missing.
UPDATE referral
   SET refusal_reason = ''
 WHERE person_ref = ANY (%(person_refs)s)
   AND refusal_reason <> ''
RETURNING referral_id AS id;

-- name: blank_revocations
UPDATE referral
   SET revocation_reason = ''
 WHERE person_ref = ANY (%(person_refs)s)
   AND revocation_reason <> ''
RETURNING referral_id AS id;

-- name: blank_criteria
-- What a household lives on, with whatever was written beside it.
DELETE FROM criterion_answer
 USING referral
 WHERE referral.referral_id = criterion_answer.referral_id
   AND referral.person_ref = ANY (%(person_refs)s)
RETURNING criterion_answer.referral_id AS id;
