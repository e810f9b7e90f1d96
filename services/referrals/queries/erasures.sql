-- name: lock_people
-- Each under the reference they are known as, in one order; referring them again need not wait.
SELECT person_ref
  FROM person
 WHERE person_ref IN (SELECT coalesce(known_as.same_as, asked.person_ref)
                        FROM unnest(%(person_refs)s::uuid[]) AS asked (person_ref)
                        LEFT JOIN person_alias AS known_as USING (person_ref))
 ORDER BY person_ref
   FOR NO KEY UPDATE;

-- name: lock_referrals_of
SELECT referral_id
  FROM referral
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY referral_id
   FOR UPDATE;

-- name: lock_pseudonyms
SELECT person_ref, last_contact_at, erased_at
  FROM pseudonym
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY person_ref
   FOR UPDATE;

-- name: list_sent_to
-- Who of these people was ever sent to one of these sites.
SELECT DISTINCT person_ref
  FROM referral
 WHERE person_ref = ANY (%(person_refs)s)
   AND site_code = ANY (%(site_codes)s);

-- name: find_open_case
SELECT opened_on
  FROM told_case
 WHERE person_ref = ANY (%(person_refs)s)
   AND closed_on IS NULL
 ORDER BY opened_on
 LIMIT 1;

-- name: list_identities
SELECT given_name, family_name, birth_date, phone, email
  FROM person
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY person_ref
   FOR UPDATE;

-- name: delete_identities
DELETE FROM person WHERE person_ref = ANY (%(person_refs)s);

-- name: mark_erased
UPDATE pseudonym SET erased_at = %(now)s WHERE person_ref = ANY (%(person_refs)s);

-- name: close_referrals
-- What nobody has answered lapses today.
UPDATE referral
   SET expires_on = %(today)s
 WHERE person_ref = ANY (%(person_refs)s)
   AND state IN ('submitted', 'seen', 'provisional')
   AND %(today)s < expires_on
RETURNING referral_id;

-- name: shorten_entitlements
-- What is in force ends today, or tomorrow if it began today.
UPDATE entitlement
   SET until_on = GREATEST(%(today)s, from_on + 1)
 WHERE person_ref = ANY (%(person_refs)s)
   AND GREATEST(%(today)s, from_on + 1) < until_on
RETURNING person_ref, from_on, until_on, monthly_cap_cents;

-- name: add_erasure
INSERT INTO erasure (erasure_id, person_ref, person_refs, reason, services, erased_at, erased_by,
                     traces)
VALUES (%(erasure_id)s, %(person_ref)s, %(person_refs)s, %(reason)s, %(services)s, %(erased_at)s,
        %(erased_by)s, %(traces)s);

-- name: add_receipt
INSERT INTO erasure_receipt (erasure_id, service, acknowledged_at, counts)
VALUES (%(erasure_id)s, %(service)s, %(acknowledged_at)s, %(counts)s)
    ON CONFLICT DO NOTHING;

-- name: list_erasures
-- Erasures with their receipts, the newest first; a filter that is NULL lets all pass.
SELECT erasure.erasure_id, erasure.person_ref, erasure.reason, erasure.erased_at, erasure.services,
       COALESCE((SELECT json_agg(json_build_object('service', service, 'at', acknowledged_at,
                                                   'counts', counts) ORDER BY service)
                   FROM erasure_receipt
                  WHERE erasure_receipt.erasure_id = erasure.erasure_id), '[]') AS receipts
  FROM erasure
 WHERE (%(after)s::uuid IS NULL OR erasure.erasure_id < %(after)s::uuid)
   AND (%(person_ref)s::uuid IS NULL OR erasure.person_refs @> ARRAY[%(person_ref)s::uuid])
   AND (%(owed_before)s::timestamptz IS NULL
        OR erasure.erased_at < %(owed_before)s
           AND EXISTS (SELECT FROM unnest(erasure.services) AS asked (service)
                        WHERE NOT EXISTS (SELECT FROM erasure_receipt
                                           WHERE erasure_receipt.erasure_id = erasure.erasure_id
                                             AND erasure_receipt.service = asked.service)))
   AND (%(site_codes)s::text[] IS NULL
        OR EXISTS (SELECT FROM referral
                    WHERE referral.person_ref = ANY (erasure.person_refs)
                      AND referral.site_code = ANY (%(site_codes)s::text[])))
 ORDER BY erasure.erasure_id DESC
 LIMIT %(limit)s;

-- name: list_erased
-- Whoever was erased, the first of them first.
SELECT person_ref FROM erasure ORDER BY erasure_id;

-- name: count_missing_receipts
-- Receipts that have not come, of erasures before an instant.
SELECT count(*) AS missing
  FROM erasure
 CROSS JOIN LATERAL unnest(erasure.services) AS asked (service)
 WHERE erasure.erased_at < %(before)s
   AND NOT EXISTS (SELECT FROM erasure_receipt
                    WHERE erasure_receipt.erasure_id = erasure.erasure_id
                      AND erasure_receipt.service = asked.service);

-- name: drop_traces
UPDATE erasure SET traces = '{}' WHERE erased_at < %(before)s AND traces <> '{}';

-- name: add_told_cases
-- Openings and closings may be heard in any order.
INSERT INTO told_case (case_id, person_ref, opened_on, closed_on)
SELECT told.case_id, told.person_ref, min(told.opened_on), min(told.closed_on)
  FROM unnest(%(case_ids)s::uuid[], %(person_refs)s::uuid[], %(opened)s::date[], %(closed)s::date[])
       AS told (case_id, person_ref, opened_on, closed_on)
 GROUP BY told.case_id, told.person_ref
 ORDER BY told.case_id
    ON CONFLICT (case_id) DO UPDATE
   SET opened_on = COALESCE(told_case.opened_on, EXCLUDED.opened_on),
       closed_on = COALESCE(told_case.closed_on, EXCLUDED.closed_on);
