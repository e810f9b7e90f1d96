-- name: find_criterion
-- The criterion of a site on a day, if one was set.
SELECT criterion, threshold_day_cents
  FROM site_criterion
 WHERE site_code = %(site_code)s
   AND from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: lock_site
-- What is set of one site takes turns.
SELECT site_code
  FROM site
 WHERE site_code = %(site_code)s
   FOR NO KEY UPDATE;

-- name: cut_criterion
-- The one before ends where the new one begins.
UPDATE site_criterion
   SET until_on = %(from_on)s
 WHERE site_code = %(site_code)s
   AND from_on < %(from_on)s
   AND (until_on IS NULL OR %(from_on)s < until_on);

-- name: set_criterion
-- The new one ends where the next begins; one set for the same day was a mistake.
INSERT INTO site_criterion (site_code, from_on, until_on, criterion, threshold_day_cents, set_at,
                            set_by)
SELECT %(site_code)s, %(from_on)s, min(from_on), %(criterion)s, %(threshold_day_cents)s, %(now)s,
       %(by_user_id)s
  FROM site_criterion
 WHERE site_code = %(site_code)s AND from_on > %(from_on)s
    ON CONFLICT (site_code, from_on) DO UPDATE
   SET criterion           = EXCLUDED.criterion,
       threshold_day_cents = EXCLUDED.threshold_day_cents,
       set_at              = EXCLUDED.set_at,
       set_by              = EXCLUDED.set_by;

-- name: list_criteria
SELECT site_code, criterion, from_on, until_on, threshold_day_cents, set_by
  FROM site_criterion
 WHERE site_code = %(site_code)s
 ORDER BY from_on DESC;

-- name: add_criterion_answer
-- What the yes was based on, kept with the acceptance.
INSERT INTO criterion_answer (referral_id, criterion, figures, at, by_user_id)
VALUES (%(referral_id)s, %(criterion)s, %(figures)s, %(at)s, %(by_user_id)s);
