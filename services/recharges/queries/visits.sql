-- name: list_visits
-- The days on which a person bought, under all their references, at some sites or all; the latest
-- first, and nothing of what they bought.
SELECT business_date AS visited_on, site_code, site.name AS site
  FROM sale
  LEFT JOIN site USING (site_code)
 WHERE person_ref = ANY (%(person_refs)s)
   AND (%(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]))
 GROUP BY business_date, site_code, site.name
 ORDER BY business_date DESC, site_code
 LIMIT %(limit)s;
