-- name: find_open_referral
-- A referral of the person that is not answered, under whatever reference of theirs; the caller holds
-- the person's lock.
SELECT code, site_code, state, expires_on, referrer_id, structure_id
  FROM referral
 WHERE person_ref = ANY(%(person_refs)s)
   AND state IN ('submitted', 'seen', 'provisional')
   AND %(today)s < expires_on
 ORDER BY referral_id
 LIMIT 1;

-- name: find_unconfirmed_walk_in
-- A walk-in of the person that nobody confirmed and no acceptance has followed.
SELECT referral_id
  FROM referral AS lapsed
 WHERE person_ref = ANY(%(person_refs)s)
   AND walk_in
   AND (state = 'lapsed' OR (state = 'provisional' AND expires_on <= %(today)s))
   AND NOT EXISTS (SELECT FROM referral AS later
                    WHERE later.person_ref = ANY(%(person_refs)s)
                      AND later.state = 'accepted'
                      AND later.referral_id > lapsed.referral_id)
 LIMIT 1;

-- name: add_referral
-- Writes a referral unless its code is taken; a row count of 0 says so.
INSERT INTO referral (referral_id, code, person_ref, site_code, referrer_id, structure_id,
                      situation, needs, monthly_spend_cents, has_mobile, has_computer,
                      has_internet, submitted_at, expires_on, state, walk_in)
VALUES (%(referral_id)s, %(code)s, %(person_ref)s, %(site_code)s, %(referrer_id)s,
        %(structure_id)s, %(situation)s, %(needs)s, %(monthly_spend_cents)s, %(has_mobile)s,
        %(has_computer)s, %(has_internet)s, %(submitted_at)s, %(expires_on)s, %(state)s,
        %(walk_in)s)
    ON CONFLICT (code) DO NOTHING;

-- name: find_person_sent
-- Of whom a referral is: that never changes.
SELECT person_ref FROM referral WHERE referral_id = %(referral_id)s;

-- name: lock_referral
-- What decides about a referral, locked until the transaction ends.  Not against those who only
-- refer to it: who holds the person's lock writes histories that do.
SELECT referral_id, person_ref, site_code, state, expires_on
  FROM referral
 WHERE referral_id = %(referral_id)s
   FOR NO KEY UPDATE;

-- name: save_state
-- Where the referral stands now, and why when it was refused.
UPDATE referral
   SET state             = %(state)s,
       refusal_code      = %(refusal_code)s,
       refusal_reason    = %(refusal_reason)s,
       revocation_reason = %(revocation_reason)s
 WHERE referral_id = %(referral_id)s;

-- name: find_structure_asked
-- The structure that was asked to confirm a walk-in.
SELECT structure_id
  FROM referral
 WHERE referral_id = %(referral_id)s;

-- name: save_confirmation
-- A walk-in has its referrer, who answers for it from now on.
UPDATE referral
   SET state        = %(state)s,
       referrer_id  = %(referrer_id)s,
       structure_id = COALESCE(%(structure_id)s, structure_id)
 WHERE referral_id = %(referral_id)s;

-- name: add_steps
-- The history, in the order of the steps.
INSERT INTO referral_step (referral_id, step, at, by_user_id, by_role)
SELECT %(referral_id)s, made.step, %(at)s, %(by_user_id)s, %(by_role)s
  FROM unnest(%(steps)s::text[]) WITH ORDINALITY AS made (step, place)
 ORDER BY made.place;

-- name: list_steps
-- The history of a referral; the first visit stands where it happened.
SELECT step, at, by_role
  FROM (SELECT step, at, by_role, position
          FROM referral_step
         WHERE referral_id = %(referral_id)s
         UNION ALL
        SELECT 'first_visit', at, NULL, NULL
          FROM first_visit
         WHERE referral_id = %(referral_id)s) AS history
 ORDER BY at, position;

-- name: get_referral
-- A referral as its referrer and its site read it; the name is gone once the person is erased.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on, person_ref, refusal_reason, revocation_reason, referrer_id,
       structure_id, walk_in
  FROM referral
  LEFT JOIN person USING (person_ref)
 WHERE referral_id = %(referral_id)s;

-- name: list_referrals
-- A page of referrals, the newest first; ids sort by time.  A filter that is NULL lets all pass.  An
-- entry that any referrer may confirm is found by its code alone.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on, person_ref, walk_in, referrer_id, structure_id
  FROM (SELECT referral.*,
               CASE WHEN state IN ('submitted', 'seen', 'provisional') AND expires_on <= %(today)s
                    THEN 'lapsed'
                    ELSE state
                END AS state_today
          FROM referral) AS referral
  LEFT JOIN person USING (person_ref)
 WHERE (%(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]))
   AND (%(referrer_id)s::uuid IS NULL OR referrer_id = %(referrer_id)s::uuid
        OR structure_id = %(structure_id)s::uuid
        OR (%(may_confirm)s AND code = %(code)s::text AND state_today = 'provisional'
            AND referrer_id IS NULL AND structure_id IS NULL))
   AND (%(state)s::text IS NULL OR state_today = %(state)s::text)
   AND (%(answer_before)s::timestamptz IS NULL
        OR (submitted_at < %(answer_before)s::timestamptz AND state_today IN ('submitted', 'seen')))
   AND (%(code)s::text IS NULL OR code = %(code)s::text)
   AND (%(after)s::uuid IS NULL OR referral_id < %(after)s::uuid)
 ORDER BY referral_id DESC
 LIMIT %(limit)s;

-- name: add_first_visits
-- A sale is a visit of the person's latest acceptance before it, under whatever reference of theirs;
-- the earliest sale is the first.  Returns the referrals that had no visit before.
INSERT INTO first_visit (referral_id, at)
SELECT accepted.referral_id, min(sold.at)
  FROM unnest(%(person_refs)s::uuid[], %(instants)s::timestamptz[]) AS sold (person_ref, at)
  LEFT JOIN person_alias AS known_as ON known_as.person_ref = sold.person_ref
 CROSS JOIN LATERAL (SELECT referral.referral_id
                       FROM (SELECT coalesce(known_as.same_as, sold.person_ref)
                              UNION ALL
                             SELECT other.person_ref
                               FROM person_alias AS other
                              WHERE other.same_as = coalesce(known_as.same_as, sold.person_ref))
                            AS member (person_ref)
                       JOIN referral ON referral.person_ref = member.person_ref
                       JOIN referral_step USING (referral_id)
                      WHERE referral_step.step IN ('provisional', 'accepted')
                        AND referral_step.at <= sold.at
                      ORDER BY referral_step.at DESC
                      LIMIT 1) AS accepted
 GROUP BY accepted.referral_id
 ORDER BY accepted.referral_id
    ON CONFLICT (referral_id) DO UPDATE
   SET at = EXCLUDED.at
 WHERE EXCLUDED.at < first_visit.at
RETURNING referral_id, xmax = 0 AS is_new;

-- name: find_slip
-- What became of the referral of a slip, and since when.
SELECT referral_id, site_code, state, expires_on, submitted_at,
       (SELECT max(at)
          FROM referral_step
         WHERE referral_step.referral_id = referral.referral_id
           AND step = referral.state) AS state_since
  FROM referral
 WHERE referral_id = %(referral_id)s;

-- name: get_paper
-- What is printed on a slip; the family name by its first letter alone.
SELECT referral_id, code, site_code, site.name AS site_name, site.address, expires_on, needs,
       given_name, left(family_name, 1) AS family_initial, referrer_id, structure_id, state,
       person_ref,
       EXISTS (SELECT FROM first_visit WHERE first_visit.referral_id = referral.referral_id) AS used
  FROM referral
  JOIN site USING (site_code)
  LEFT JOIN person USING (person_ref)
 WHERE referral_id = %(referral_id)s;

-- name: list_revoked
-- A page of the slips that were revoked before their day.
SELECT referral_id, expires_on
  FROM referral
 WHERE state = 'revoked'
   AND %(today)s < expires_on
   AND (%(after)s::uuid IS NULL OR referral_id > %(after)s::uuid)
 ORDER BY referral_id
 LIMIT %(limit)s;
