-- name: take_lapsed
-- Referrals whose day has come without an answer, of some people or of all; whoever answers one
-- right now goes first.
UPDATE referral
   SET state = 'lapsed'
 WHERE referral_id IN (SELECT referral_id
                         FROM referral
                        WHERE state IN ('submitted', 'seen', 'provisional')
                          AND expires_on <= %(today)s
                          AND (%(person_refs)s::uuid[] IS NULL
                               OR person_ref = ANY (%(person_refs)s::uuid[]))
                        ORDER BY expires_on
                        LIMIT %(limit)s
                          FOR NO KEY UPDATE SKIP LOCKED)
RETURNING referral_id, person_ref, site_code, state, expires_on, walk_in;

-- name: add_calendar_steps
-- Steps that nobody made, at the instant at which the calendar made them.
INSERT INTO referral_step (referral_id, step, at)
SELECT made.referral_id, %(step)s, made.at
  FROM unnest(%(referral_ids)s::uuid[], %(instants)s::timestamptz[]) AS made (referral_id, at);

-- name: list_ended
-- People whose entitlement is over and not yet told of; each is locked before it is ended.
SELECT person_ref
  FROM entitlement
 WHERE ended_at IS NULL
   AND until_on <= %(today)s
 ORDER BY until_on
 LIMIT %(limit)s;

-- name: end_entitlements
-- Ends those that are still over now that their people are locked, and writes the history on.
WITH ended AS (
    UPDATE entitlement
       SET ended_at = %(now)s
     WHERE person_ref = ANY (%(person_refs)s)
       AND ended_at IS NULL
       AND until_on <= %(today)s
    RETURNING entitlement_id, person_ref, until_on, monthly_cap_cents
), latest AS (
    SELECT ended.*, change.referral_id
      FROM ended
      JOIN LATERAL (SELECT referral_id
                      FROM entitlement_change
                     WHERE entitlement_change.entitlement_id = ended.entitlement_id
                     ORDER BY change_id DESC
                     LIMIT 1) AS change ON true
), written AS (
    INSERT INTO entitlement_change (entitlement_id, change, referral_id, at, until_on,
                                    monthly_cap_cents)
    SELECT entitlement_id, 'ended', referral_id, %(now)s, until_on, monthly_cap_cents
      FROM latest
)
SELECT latest.person_ref, latest.until_on, referral.referral_id, referral.site_code, referral.state
  FROM latest
  JOIN referral USING (referral_id)
 ORDER BY referral.referral_id;

-- name: take_to_remind
-- Entitlements that end soon and whose end nobody was reminded of, with the person's address.  Who
-- has another under another reference, which ends later, is reminded of that one; who was erased, or has
-- the use of their data restricted, of none.
WITH soon AS (
    SELECT entitlement.entitlement_id, entitlement.person_ref, until_on, monthly_cap_cents
      FROM entitlement
      JOIN person USING (person_ref)
     WHERE ended_at IS NULL
       AND NOT provisional
       AND %(today)s < until_on
       AND until_on <= %(horizon)s
       AND NOT EXISTS (SELECT FROM restriction
                        WHERE restriction.person_ref = entitlement.person_ref
                          AND restriction.lifted_at IS NULL)
       AND NOT EXISTS (SELECT FROM entitlement_change AS told
                        WHERE told.entitlement_id = entitlement.entitlement_id
                          AND told.until_on = entitlement.until_on
                          AND told.change = 'reminded')
       AND NOT EXISTS (
           SELECT
             FROM (SELECT coalesce((SELECT same_as
                                      FROM person_alias
                                     WHERE person_alias.person_ref = entitlement.person_ref),
                                   entitlement.person_ref)) AS known (same_as)
             JOIN LATERAL (SELECT known.same_as
                            UNION ALL
                           SELECT person_alias.person_ref
                             FROM person_alias
                            WHERE person_alias.same_as = known.same_as)
                  AS member (person_ref) ON true
             JOIN entitlement AS later ON later.person_ref = member.person_ref
                                      AND later.until_on > entitlement.until_on)
     ORDER BY until_on
     LIMIT %(limit)s
       FOR NO KEY UPDATE OF entitlement SKIP LOCKED
), latest AS (
    SELECT soon.*, change.referral_id
      FROM soon
      JOIN LATERAL (SELECT referral_id
                      FROM entitlement_change
                     WHERE entitlement_change.entitlement_id = soon.entitlement_id
                     ORDER BY change_id DESC
                     LIMIT 1) AS change ON true
), written AS (
    INSERT INTO entitlement_change (entitlement_id, change, referral_id, at, until_on,
                                    monthly_cap_cents)
    SELECT entitlement_id, 'reminded', referral_id, %(now)s, until_on, monthly_cap_cents
      FROM latest
        ON CONFLICT DO NOTHING
    RETURNING entitlement_id
)
SELECT latest.referral_id, latest.until_on, person.email
  FROM latest
  JOIN written USING (entitlement_id)
  JOIN person USING (person_ref)
 ORDER BY latest.referral_id;

-- name: count_overdue
-- By site, the referrals that it should have answered by now.
SELECT site_code, count(*) AS overdue
  FROM referral
 WHERE state IN ('submitted', 'seen')
   AND %(today)s < expires_on
   AND submitted_at < %(answer_before)s
 GROUP BY site_code;
