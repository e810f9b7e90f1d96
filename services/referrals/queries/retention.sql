-- name: note_contacts
-- The latest contact counts, in whatever order contacts are heard of.
UPDATE pseudonym
   SET last_contact_at = seen.at
  FROM (SELECT person_ref, max(at) AS at
          FROM unnest(%(person_refs)s::uuid[], %(instants)s::timestamptz[]) AS heard (person_ref, at)
         GROUP BY person_ref) AS seen
 WHERE pseudonym.person_ref = seen.person_ref
   AND pseudonym.last_contact_at < seen.at;

-- name: list_stale
-- People without a contact since an instant who have had no notice of it, the stalest first; whose
-- data are only kept, at their wish, keep them.
SELECT person_ref, last_contact_at
  FROM pseudonym
 WHERE erased_at IS NULL
   AND last_contact_at < %(before)s
   AND NOT EXISTS (SELECT FROM retention_notice
                    WHERE retention_notice.person_ref = pseudonym.person_ref
                      AND retention_notice.last_contact_at = pseudonym.last_contact_at)
   AND NOT EXISTS (SELECT FROM restriction
                    WHERE restriction.person_ref = pseudonym.person_ref
                      AND restriction.lifted_at IS NULL)
 ORDER BY last_contact_at
 LIMIT %(limit)s;

-- name: find_last_contact
SELECT max(last_contact_at) AS last_contact_at
  FROM pseudonym
 WHERE person_ref = ANY (%(person_refs)s);

-- name: find_address
SELECT email FROM person WHERE person_ref = %(person_ref)s;

-- name: add_notice
INSERT INTO retention_notice (person_ref, last_contact_at, noticed_at, erase_on, mailed)
VALUES (%(person_ref)s, %(last_contact_at)s, %(noticed_at)s, %(erase_on)s, %(mailed)s)
    ON CONFLICT DO NOTHING;

-- name: list_notices_due
-- People whose notice is over and who have not come since.
SELECT retention_notice.person_ref
  FROM retention_notice
  JOIN pseudonym USING (person_ref, last_contact_at)
 WHERE pseudonym.erased_at IS NULL
   AND retention_notice.erase_on <= %(today)s
   AND NOT EXISTS (SELECT FROM told_case
                    WHERE told_case.person_ref = retention_notice.person_ref
                      AND told_case.closed_on IS NULL)
   AND NOT EXISTS (SELECT FROM restriction
                    WHERE restriction.person_ref = retention_notice.person_ref
                      AND restriction.lifted_at IS NULL)
 ORDER BY retention_notice.erase_on, retention_notice.person_ref
 LIMIT %(limit)s;

-- name: list_notices
-- Who will be erased and when; a filter that is NULL lets all pass.
SELECT retention_notice.person_ref, retention_notice.last_contact_at, retention_notice.noticed_at,
       retention_notice.erase_on, retention_notice.mailed
  FROM retention_notice
  JOIN pseudonym USING (person_ref, last_contact_at)
 WHERE pseudonym.erased_at IS NULL
   AND (%(after)s::uuid IS NULL OR retention_notice.person_ref > %(after)s::uuid)
   AND (%(site_codes)s::text[] IS NULL
        OR EXISTS (SELECT FROM referral
                    WHERE referral.person_ref = retention_notice.person_ref
                      AND referral.site_code = ANY (%(site_codes)s::text[])))
 ORDER BY retention_notice.person_ref
 LIMIT %(limit)s;
