-- Counts of people for whoever does not know them.

-- name: count_people
-- How many took each step in a time at each site; whoever was merged is one, under all references.
SELECT taken.step, referral.site_code,
       count(DISTINCT COALESCE(person_alias.same_as, referral.person_ref)) AS people
  FROM (SELECT referral_id, step, at FROM referral_step
         UNION ALL
        SELECT referral_id, 'first_visit', at FROM first_visit) AS taken
  JOIN referral USING (referral_id)
  LEFT JOIN person_alias USING (person_ref)
 WHERE %(since)s <= taken.at
   AND taken.at < %(before)s
 GROUP BY taken.step, referral.site_code;
