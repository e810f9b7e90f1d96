-- name: list_visits
-- The days on which a person bought, under all their references, at some sites or all; the latest
-- first, and nothing of what they bought.  Their cap says in which months to look.
SELECT business_date AS visited_on, site_code, site.name AS site
  FROM cap_month
  JOIN sale ON sale.person_ref = ANY (%(person_refs)s)
   AND business_date >= month_on AND business_date < month_on + interval '1 month'
  LEFT JOIN site USING (site_code)
 WHERE cap_month.person_ref = ANY (%(person_refs)s)
   AND (%(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]))
 GROUP BY business_date, site_code, site.name
 ORDER BY business_date DESC, site_code
 LIMIT %(limit)s;
