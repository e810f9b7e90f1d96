-- Who is likely to come to a site.

-- name: list_expected
-- Those taken in at a site who may buy today, under the reference they are known as; by the codes of
-- all their referrals.  Nothing is decided by the data of who asked for that.
WITH known AS (
    SELECT DISTINCT coalesce(person_alias.same_as, referral.person_ref) AS person_ref
      FROM referral
      LEFT JOIN person_alias USING (person_ref)
     WHERE referral.site_code = %(site_code)s
       AND referral.state IN ('accepted', 'provisional')
), member AS (
    SELECT person_ref, person_ref AS reference FROM known
    UNION ALL
    SELECT known.person_ref, person_alias.person_ref
      FROM known JOIN person_alias ON person_alias.same_as = known.person_ref
)
SELECT member.person_ref,
       (SELECT max(entitlement.until_on)
          FROM entitlement
         WHERE entitlement.person_ref = ANY(array_agg(member.reference))
           AND entitlement.ended_at IS NULL
           AND entitlement.from_on <= %(today)s) AS until_on,
       (SELECT array_agg(referral.code ORDER BY referral.referral_id)
          FROM referral
         WHERE referral.person_ref = ANY(array_agg(member.reference))
           AND referral.state IN ('accepted', 'provisional')) AS codes,
       (SELECT array_agg(referral.referral_id ORDER BY referral.referral_id)
          FROM referral
         WHERE referral.person_ref = ANY(array_agg(member.reference))
           AND referral.state IN ('accepted', 'provisional')) AS referral_ids
  FROM member
  JOIN pseudonym ON pseudonym.person_ref = member.reference
 GROUP BY member.person_ref
HAVING bool_and(pseudonym.erased_at IS NULL)
   AND EXISTS (SELECT
                 FROM entitlement
                WHERE entitlement.person_ref = ANY(array_agg(member.reference))
                  AND entitlement.ended_at IS NULL
                  AND entitlement.from_on <= %(today)s
                  AND %(today)s < entitlement.until_on)
   AND NOT EXISTS (SELECT
                     FROM restriction
                    WHERE restriction.person_ref = ANY(array_agg(member.reference))
                      AND restriction.lifted_at IS NULL)
 ORDER BY max(pseudonym.last_contact_at) DESC, member.person_ref
 LIMIT %(limit)s;
