-- What pages show beside what programs ask for: a desk's day, a person's file, figures by site.

-- name: list_waiting_at
-- What a site has yet to answer, and entries that a referrer has yet to confirm; the oldest first.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on, person_ref, walk_in, referrer_id, structure_id
  FROM referral
  LEFT JOIN person USING (person_ref)
 WHERE site_code = %(site_code)s
   AND state IN ('submitted', 'seen', 'provisional')
   AND %(today)s < expires_on
 ORDER BY referral_id
 LIMIT %(limit)s;

-- name: count_newer
SELECT count(*) AS newer
  FROM referral
 WHERE site_code = %(site_code)s
   AND state IN ('submitted', 'seen')
   AND %(today)s < expires_on
   AND (%(after)s::uuid IS NULL OR referral_id > %(after)s::uuid);

-- name: list_answered_since
-- What a site said yes or no to, the latest answer first.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on, person_ref, walk_in, referrer_id, structure_id
  FROM referral
  JOIN referral_step USING (referral_id)
  LEFT JOIN person USING (person_ref)
 WHERE site_code = %(site_code)s
   AND state IN ('accepted', 'refused')
   AND step = state
   AND at >= %(since)s
 ORDER BY at DESC
 LIMIT %(limit)s;

-- name: get_particulars
-- What a desk reads of a referral besides its steps.
SELECT person_ref, walk_in, structure.name AS structure, monthly_spend_cents, has_mobile,
       has_computer, has_internet
  FROM referral
  LEFT JOIN structure USING (structure_id)
 WHERE referral_id = %(referral_id)s;

-- name: list_referrals_of
-- The referrals of a person, the newest first; those of some sites, or all.
SELECT referral_id, code, state, site_code, given_name, family_name, situation, needs,
       submitted_at, expires_on, person_ref, walk_in, referrer_id, structure_id
  FROM referral
  LEFT JOIN person USING (person_ref)
 WHERE person_ref = ANY (%(person_refs)s)
   AND (%(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]))
 ORDER BY referral_id DESC
 LIMIT %(limit)s;

-- name: list_merges_into
-- Who is merged into a person, by name, the latest first: what can be undone.
SELECT person_ref, given_name, family_name, merged_at
  FROM person_merge
  LEFT JOIN person USING (person_ref)
 WHERE merged_into = ANY (%(person_refs)s)
   AND unmerged_at IS NULL
 ORDER BY merge_id DESC;

-- name: list_steps_of
-- The histories of some referrals; the first visit stands where it happened.
SELECT referral_id, step, at
  FROM (SELECT referral_id, step, at, position
          FROM referral_step
         WHERE referral_id = ANY (%(referral_ids)s)
         UNION ALL
        SELECT referral_id, 'first_visit', at, NULL
          FROM first_visit
         WHERE referral_id = ANY (%(referral_ids)s)) AS history
 ORDER BY at, position;

-- name: find_usual_site
-- Where a referrer sent somebody last.
SELECT site_code
  FROM referral
 WHERE referrer_id = %(user_id)s
 ORDER BY referral_id DESC
 LIMIT 1;

-- name: count_by_site
-- What waits at each site, what is late there, and who was taken in since a day.
SELECT site.site_code, site.name,
       coalesce(waiting, 0) AS waiting,
       coalesce(overdue, 0) AS overdue,
       coalesce(accepted, 0) AS accepted
  FROM site
  LEFT JOIN (SELECT site_code,
                    count(*) AS waiting,
                    count(*) FILTER (WHERE submitted_at < %(answer_before)s) AS overdue
               FROM referral
              WHERE state IN ('submitted', 'seen')
                AND %(today)s < expires_on
              GROUP BY site_code) AS unanswered USING (site_code)
  LEFT JOIN (SELECT site_code, count(*) AS accepted
               FROM referral_step
               JOIN referral USING (referral_id)
              WHERE step = 'accepted'
                AND at >= %(since)s
              GROUP BY site_code) AS answered USING (site_code)
 WHERE %(site_codes)s::text[] IS NULL OR site.site_code = ANY (%(site_codes)s::text[])
 ORDER BY coalesce(overdue, 0) DESC, site.name;
