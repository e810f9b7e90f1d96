-- name: add_site
-- Opens a site unless its code is taken; a row count of 0 says so.
INSERT INTO site (site_code, name, address, opened_at)
VALUES (%(site_code)s, %(name)s, %(address)s, %(now)s)
    ON CONFLICT (site_code) DO NOTHING;

-- name: list_sites
-- Every site of the network; they are few.
SELECT site_code, name, address, open
  FROM site
 ORDER BY site_code;

-- name: find_site_name
-- What one site is called.
SELECT name
  FROM site
 WHERE site_code = %(site_code)s;

-- name: find_unknown_sites
-- Which of these codes is no open site.
SELECT named.site_code
  FROM unnest(%(site_codes)s::text[]) AS named (site_code)
 WHERE NOT EXISTS (SELECT
                     FROM site
                    WHERE site.site_code = named.site_code
                      AND open)
 ORDER BY named.site_code;
