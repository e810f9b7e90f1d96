-- name: find_structure_of
-- The structure in whose name a referrer refers on a day, if we know it.
SELECT structure_id
  FROM employment
 WHERE user_id = %(user_id)s
   AND from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: find_standing
-- What lets a referrer refer on a day; a row whether or not we know them.
SELECT employment.structure_id,
       worker.trained_on,
       EXISTS (SELECT FROM convention
                WHERE convention.structure_id = employment.structure_id
                  AND convention.from_on <= %(on)s
                  AND (convention.until_on IS NULL OR %(on)s < convention.until_on))
           AS has_convention
  FROM (SELECT %(user_id)s::uuid AS user_id) AS asked
  LEFT JOIN worker USING (user_id)
  LEFT JOIN employment ON employment.user_id = asked.user_id
                      AND employment.from_on <= %(on)s
                      AND (employment.until_on IS NULL OR %(on)s < employment.until_on);

-- name: lock_worker
-- Makes a referrer known and locks them: their times follow one another.
INSERT INTO worker (user_id)
VALUES (%(user_id)s)
    ON CONFLICT (user_id) DO UPDATE
   SET user_id = EXCLUDED.user_id;

-- name: get_worker
-- A referrer, with the structure of the day.
SELECT worker.user_id, employment.structure_id, email, language, trained_on
  FROM worker
  LEFT JOIN employment ON employment.user_id = worker.user_id
                      AND from_on <= %(on)s
                      AND (until_on IS NULL OR %(on)s < until_on)
 WHERE worker.user_id = %(user_id)s;

-- name: save_contact
-- Where a referrer is written to; the instant stays that of the address as it is.
UPDATE worker
   SET email_at = CASE WHEN %(email)s::text IS NULL THEN NULL
                       WHEN email = %(email)s::text THEN email_at
                       ELSE %(now)s END,
       email    = %(email)s::text,
       language = COALESCE(%(language)s, language)
 WHERE user_id = %(user_id)s;

-- name: save_training
UPDATE worker
   SET trained_on = %(trained_on)s
 WHERE user_id = %(user_id)s;

-- name: add_employment
-- The EXCLUDE constraint lets nobody work for two structures on one day.
INSERT INTO employment (user_id, structure_id, from_on, added_by)
VALUES (%(user_id)s, %(structure_id)s, %(on)s, %(by_user_id)s);

-- name: end_employment
-- Ends the time that is running; one that began today was none, and stays as that.
UPDATE employment
   SET until_on = %(on)s, ended_by = %(by_user_id)s
 WHERE user_id = %(user_id)s
   AND from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: get_employment
-- The last time of a referrer at a structure.
SELECT user_id, structure_id, from_on, until_on, trained_on,
       CASE WHEN until_on IS NULL OR %(on)s < until_on THEN email END AS email
  FROM employment
  JOIN worker USING (user_id)
 WHERE user_id = %(user_id)s AND structure_id = %(structure_id)s
 ORDER BY employment_id DESC
 LIMIT 1;

-- name: list_workers
-- Who works and worked for a structure, the latest first; addresses only of those who do.
SELECT employment_id, user_id, structure_id, from_on, until_on, trained_on,
       CASE WHEN until_on IS NULL OR %(on)s < until_on THEN email END AS email
  FROM employment
  JOIN worker USING (user_id)
 WHERE structure_id = %(structure_id)s
   AND (%(after)s::bigint IS NULL OR employment_id < %(after)s::bigint)
 ORDER BY employment_id DESC
 LIMIT %(limit)s;

-- name: list_correspondents
-- Who is written to about referrals: the referrer or, while there is none, whoever works for the
-- structure that was asked.  Nobody whose account has ended, and of nobody who was erased.
SELECT referral_id, code, site.name AS site_name, referral.expires_on,
       left(given_name, 1) AS given_initial, left(family_name, 1) AS family_initial,
       worker.email, worker.language
  FROM referral
  JOIN site USING (site_code)
  JOIN person USING (person_ref)
  JOIN worker ON worker.user_id = referral.referrer_id
              OR (referral.referrer_id IS NULL
                  AND worker.user_id IN (SELECT employment.user_id
                                           FROM employment
                                          WHERE employment.structure_id = referral.structure_id
                                            AND from_on <= %(on)s
                                            AND (until_on IS NULL OR %(on)s < until_on)))
  LEFT JOIN told_user ON told_user.user_id = worker.user_id
 WHERE referral_id = ANY (%(referral_ids)s)
   AND worker.email IS NOT NULL
   AND told_user.disabled_at IS NULL
 ORDER BY referral_id, worker.user_id;
