-- name: add_sites
-- Sites as accounts tells of them; one that is known keeps its newest name.
INSERT INTO site (site_code, name, opened_at)
SELECT DISTINCT ON (told.site_code) told.site_code, told.name, told.at
  FROM unnest(%(site_codes)s::text[], %(names)s::text[], %(instants)s::timestamptz[])
       AS told (site_code, name, at)
 ORDER BY told.site_code, told.at DESC
    ON CONFLICT (site_code) DO UPDATE
   SET name = EXCLUDED.name,
       opened_at = EXCLUDED.opened_at
 WHERE site.opened_at < EXCLUDED.opened_at;

-- name: find_site
-- Whether people can be sent there.
SELECT site_code
  FROM site
 WHERE site_code = %(site_code)s;

-- name: list_rules
-- The values in force on a day.
SELECT name, value
  FROM rule
 WHERE from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: find_person
-- The person of that name and birth date or, failing that, of that phone and birth date.
SELECT person_ref
  FROM person
 WHERE birth_date = %(birth_date)s
   AND (name_key = %(name_key)s OR phone = %(phone)s)
 ORDER BY name_key = %(name_key)s DESC
 LIMIT 1;

-- name: add_person
-- Makes a person unless somebody else just did; a row count of 0 says so.
INSERT INTO person (person_ref, given_name, family_name, name_key, birth_date, phone, email,
                    known_since)
VALUES (%(person_ref)s, %(given_name)s, %(family_name)s, %(name_key)s, %(birth_date)s, %(phone)s,
        %(email)s, %(now)s)
    ON CONFLICT DO NOTHING;

-- name: lock_person
-- Decisions about one person take turns; referring them again need not wait.
SELECT person_ref, given_name, family_name
  FROM person
 WHERE person_ref = %(person_ref)s
   FOR NO KEY UPDATE;

-- name: get_person
-- The name to greet somebody by.
SELECT person_ref, given_name, family_name
  FROM person
 WHERE person_ref = %(person_ref)s;

-- name: lock_merges
SELECT pg_advisory_xact_lock(hashtextextended('referrals.merge', 0));

-- name: find_merges
-- From people along their chains; merges never go in a circle.
WITH RECURSIVE chain AS (
    SELECT person_ref, merged_into
      FROM person_merge
     WHERE person_ref = ANY(%(person_refs)s) AND unmerged_at IS NULL
     UNION
    SELECT next.person_ref, next.merged_into
      FROM chain
      JOIN person_merge AS next ON next.person_ref = chain.merged_into
                               AND next.unmerged_at IS NULL
)
SELECT person_ref, merged_into FROM chain;

-- name: add_merge
INSERT INTO person_merge (person_ref, merged_into, merged_at, merged_by)
VALUES (%(person_ref)s, %(into)s, %(at)s, %(by_user_id)s);

-- name: end_merge
UPDATE person_merge
   SET unmerged_at = %(at)s, unmerged_by = %(by_user_id)s
 WHERE person_ref = %(person_ref)s AND unmerged_at IS NULL
RETURNING merged_into;

-- name: find_structure_of
-- The structure in whose name a referrer refers, if we know it.
SELECT structure_id
  FROM worker
 WHERE user_id = %(user_id)s;

-- name: find_open_referral
-- A referral of the person that is not answered; the caller holds the person's lock.
SELECT code, site_code, referrer_id, structure_id
  FROM referral
 WHERE person_ref = %(person_ref)s
   AND state IN ('submitted', 'seen')
   AND %(today)s < expires_on
 ORDER BY referral_id
 LIMIT 1;

-- name: add_referral
-- Writes a referral unless its code is taken; a row count of 0 says so.
INSERT INTO referral (referral_id, code, person_ref, site_code, referrer_id, structure_id,
                      situation, needs, monthly_spend_cents, has_mobile, has_computer,
                      has_internet, submitted_at, expires_on, state)
VALUES (%(referral_id)s, %(code)s, %(person_ref)s, %(site_code)s, %(referrer_id)s,
        %(structure_id)s, %(situation)s, %(needs)s, %(monthly_spend_cents)s, %(has_mobile)s,
        %(has_computer)s, %(has_internet)s, %(submitted_at)s, %(expires_on)s, %(state)s)
    ON CONFLICT (code) DO NOTHING;

-- name: lock_referral
-- What decides about a referral, locked until the transaction ends.
SELECT referral_id, person_ref, site_code, state, expires_on
  FROM referral
 WHERE referral_id = %(referral_id)s
   FOR UPDATE;

-- name: save_state
-- Where the referral stands now, and why when it was refused.
UPDATE referral
   SET state          = %(state)s,
       refusal_code   = %(refusal_code)s,
       refusal_reason = %(refusal_reason)s
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
-- A referral as its referrer and its site read it.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on, person_ref, refusal_reason, referrer_id, structure_id
  FROM referral
  JOIN person USING (person_ref)
 WHERE referral_id = %(referral_id)s;

-- name: list_referrals
-- A page of referrals, the newest first; ids sort by time.  A filter that is NULL lets all pass.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on
  FROM (SELECT referral.*,
               CASE WHEN state IN ('submitted', 'seen') AND expires_on <= %(today)s
                    THEN 'lapsed'
                    ELSE state
                END AS state_today
          FROM referral) AS referral
  JOIN person USING (person_ref)
 WHERE (%(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]))
   AND (%(referrer_id)s::uuid IS NULL OR referrer_id = %(referrer_id)s::uuid
        OR structure_id = %(structure_id)s::uuid)
   AND (%(state)s::text IS NULL OR state_today = %(state)s::text)
   AND (%(code)s::text IS NULL OR code = %(code)s::text)
   AND (%(after)s::uuid IS NULL OR referral_id < %(after)s::uuid)
 ORDER BY referral_id DESC
 LIMIT %(limit)s;

-- name: find_latest_entitlement
-- The person's entitlement that ends last; the caller holds the person's lock.
SELECT entitlement_id, person_ref, from_on, until_on, monthly_cap_cents, renewal_count
  FROM entitlement
 WHERE person_ref = %(person_ref)s
 ORDER BY until_on DESC
 LIMIT 1;

-- name: add_entitlement
-- The EXCLUDE constraint lets nobody have two on one day.
INSERT INTO entitlement (entitlement_id, person_ref, from_on, until_on, monthly_cap_cents,
                         renewal_count)
VALUES (%(entitlement_id)s, %(person_ref)s, %(from_on)s, %(until_on)s, %(monthly_cap_cents)s,
        %(renewal_count)s);

-- name: extend_entitlement
-- A renewal: a later end, and the cap in force on the day of the renewal.
UPDATE entitlement
   SET until_on          = %(until_on)s,
       monthly_cap_cents = %(monthly_cap_cents)s,
       renewal_count     = %(renewal_count)s
 WHERE entitlement_id = %(entitlement_id)s;

-- name: add_entitlement_change
-- The history of entitlements.
INSERT INTO entitlement_change (entitlement_id, change, referral_id, at, by_user_id, until_on,
                                monthly_cap_cents)
VALUES (%(entitlement_id)s, %(change)s, %(referral_id)s, %(at)s, %(by_user_id)s, %(until_on)s,
        %(monthly_cap_cents)s);

-- name: add_first_visits
-- A sale is a visit of the person's latest acceptance before it; the earliest sale is the first.
INSERT INTO first_visit (referral_id, at)
SELECT accepted.referral_id, min(sold.at)
  FROM unnest(%(person_refs)s::uuid[], %(instants)s::timestamptz[]) AS sold (person_ref, at)
 CROSS JOIN LATERAL (SELECT referral.referral_id
                       FROM referral
                       JOIN referral_step USING (referral_id)
                      WHERE referral.person_ref = sold.person_ref
                        AND referral_step.step = 'accepted'
                        AND referral_step.at <= sold.at
                      ORDER BY referral_step.at DESC
                      LIMIT 1) AS accepted
 GROUP BY accepted.referral_id
 ORDER BY accepted.referral_id
    ON CONFLICT (referral_id) DO UPDATE
   SET at = EXCLUDED.at
 WHERE EXCLUDED.at < first_visit.at;

-- name: add_structure
-- Makes a structure unless its SIRET number is taken; a row count of 0 says so.
INSERT INTO structure (structure_id, name, kind, siret, created_at)
VALUES (%(structure_id)s, %(name)s, %(kind)s, %(siret)s, %(now)s)
    ON CONFLICT (siret) DO NOTHING;

-- name: list_structures
-- A page of the structures by name, from behind the one that was seen last.
SELECT structure_id, name, kind, siret
  FROM structure
 WHERE %(after)s::uuid IS NULL
    OR (name, structure_id) > (SELECT seen.name, seen.structure_id
                                 FROM structure AS seen
                                WHERE seen.structure_id = %(after)s::uuid)
 ORDER BY name, structure_id
 LIMIT %(limit)s;

-- name: get_structure
-- One structure.
SELECT structure_id, name, kind, siret
  FROM structure
 WHERE structure_id = %(structure_id)s;

-- name: add_users
-- One who was heard to be disabled before they were heard of stays so.
INSERT INTO told_user (user_id, role)
SELECT told.user_id, told.role
  FROM unnest(%(user_ids)s::uuid[], %(roles)s::text[]) AS told (user_id, role)
 ORDER BY told.user_id
    ON CONFLICT DO NOTHING;

-- name: disable_users
-- Keeps the first instant when it is told twice.
INSERT INTO told_user (user_id, role, disabled_at)
SELECT DISTINCT ON (told.user_id) told.user_id, told.role, told.at
  FROM unnest(%(user_ids)s::uuid[], %(roles)s::text[], %(instants)s::timestamptz[])
       AS told (user_id, role, at)
 ORDER BY told.user_id, told.at
    ON CONFLICT (user_id) DO UPDATE
   SET disabled_at = LEAST(told_user.disabled_at, EXCLUDED.disabled_at);

-- name: find_user
-- What accounts told of somebody who signs in.
SELECT user_id, role, disabled_at IS NOT NULL AS disabled
  FROM told_user
 WHERE user_id = %(user_id)s;

-- name: save_worker
-- A referrer refers in the name of one structure at a time.
INSERT INTO worker (user_id, structure_id)
VALUES (%(user_id)s, %(structure_id)s)
    ON CONFLICT (user_id) DO UPDATE
   SET structure_id = EXCLUDED.structure_id;
