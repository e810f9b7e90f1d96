-- name: list_entitlements
-- All that a person has and had, under all their references, the last to end first.
SELECT entitlement_id, person_ref, from_on, until_on, monthly_cap_cents, renewal_count, provisional,
       ended_at IS NOT NULL AS ended
  FROM entitlement
 WHERE person_ref = ANY(%(person_refs)s)
 ORDER BY until_on DESC, renewal_count DESC, entitlement_id;

-- name: add_entitlement
-- The EXCLUDE constraint lets nobody have two on one day.
INSERT INTO entitlement (entitlement_id, person_ref, from_on, until_on, monthly_cap_cents,
                         renewal_count, provisional)
VALUES (%(entitlement_id)s, %(person_ref)s, %(from_on)s, %(until_on)s, %(monthly_cap_cents)s,
        %(renewal_count)s, %(provisional)s);

-- name: extend_entitlement
-- A renewal or a confirmation: a later end, and the cap in force on that day.
UPDATE entitlement
   SET until_on          = %(until_on)s,
       monthly_cap_cents = %(monthly_cap_cents)s,
       renewal_count     = %(renewal_count)s,
       provisional       = %(provisional)s
 WHERE entitlement_id = %(entitlement_id)s;

-- name: add_entitlement_change
-- The history of entitlements.
INSERT INTO entitlement_change (entitlement_id, change, referral_id, at, by_user_id, until_on,
                                monthly_cap_cents)
VALUES (%(entitlement_id)s, %(change)s, %(referral_id)s, %(at)s, %(by_user_id)s, %(until_on)s,
        %(monthly_cap_cents)s);

-- name: find_latest_change
-- What made an entitlement what it is, reminders apart.
SELECT change, referral_id
  FROM entitlement_change
 WHERE entitlement_id = %(entitlement_id)s
   AND change <> 'reminded'
 ORDER BY change_id DESC
 LIMIT 1;
