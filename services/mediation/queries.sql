-- Every command locks its case first; what belongs to the case needs no lock of its own.

-- name: lock_case
-- One case, locked until the transaction ends: commands on one case take turns.
SELECT case_id, site_code, person_ref, status, outcome, opened_on, admissible_on
  FROM debt_case
 WHERE case_id = %(case_id)s
   FOR NO KEY UPDATE;

-- name: find_case
SELECT case_id, site_code, person_ref, status, outcome, opened_on, admissible_on
  FROM debt_case
 WHERE case_id = %(case_id)s;

-- name: find_case_of_mandate
SELECT case_id
  FROM mandate
 WHERE mandate_id = %(mandate_id)s;

-- name: find_case_of_offer
SELECT case_id
  FROM offer
 WHERE offer_id = %(offer_id)s;

-- name: list_mandates
SELECT mandate_id, operators, signed_on, until_on, client_reference, revoked_on
  FROM mandate
 WHERE case_id = %(case_id)s
 ORDER BY mandate_id;

-- name: list_lines
-- The lines of a case; ids are made in order of time.
SELECT line_id, operator, kind, label, claimed_cents, due_cents, agreed_cents, due_on, born_on
  FROM debt_line
 WHERE case_id = %(case_id)s
 ORDER BY line_id;

-- name: list_line_events
SELECT line_event.line_id, line_event.kind, line_event.happened_on, line_event.until_on
  FROM line_event
  JOIN debt_line ON debt_line.line_id = line_event.line_id
 WHERE debt_line.case_id = %(case_id)s
 ORDER BY line_event.line_id, line_event.position;

-- name: list_offers
SELECT offer.offer_id, offer.operator, offer.kind, offer.maker, offer.amount_cents, offer.made_on,
       offer.state, offer.counter_to, offer.override_reason, offer.answered_on,
       offer.person_signed_on,
       ARRAY(SELECT line_id
               FROM offer_line
              WHERE offer_line.offer_id = offer.offer_id
              ORDER BY line_id) AS line_ids
  FROM offer
 WHERE offer.case_id = %(case_id)s
 ORDER BY offer.offer_id;

-- name: list_instalments
SELECT instalment.offer_id, instalment.due_on, instalment.amount_cents
  FROM instalment
  JOIN offer ON offer.offer_id = instalment.offer_id
 WHERE offer.case_id = %(case_id)s
 ORDER BY instalment.offer_id, instalment.position;

-- name: list_case_events
SELECT step, happened_at, user_id
  FROM case_event
 WHERE case_id = %(case_id)s
 ORDER BY position;

-- name: lock_entitlements
-- What was told of all references of a person, locked until the transaction ends: openings for one
-- person take turns.
SELECT person_ref, from_on, until_on
  FROM entitlement
 WHERE person_ref = ANY(%(person_refs)s)
 ORDER BY person_ref
   FOR NO KEY UPDATE;

-- name: find_open_case
-- One for each person and site, whatever the reference it was opened under.
SELECT case_id
  FROM debt_case
 WHERE person_ref = ANY(%(person_refs)s)
   AND site_code = %(site_code)s
   AND status <> 'closed'
 ORDER BY case_id
 LIMIT 1;

-- name: list_cases
-- Cases in the order in which they were opened, which is that of their ids, from behind `after`.
SELECT debt_case.case_id, debt_case.site_code, debt_case.person_ref, debt_case.status,
       debt_case.outcome, debt_case.opened_on, line.lines, line.open_lines, line.claimed_cents,
       line.agreed_cents
  FROM debt_case
 CROSS JOIN LATERAL (
       SELECT count(*) AS lines,
              count(*) FILTER (WHERE agreed_cents IS NULL) AS open_lines,
              COALESCE(sum(claimed_cents), 0)::bigint AS claimed_cents,
              COALESCE(sum(agreed_cents), 0)::bigint AS agreed_cents
         FROM debt_line
        WHERE debt_line.case_id = debt_case.case_id) AS line
 WHERE (%(site_codes)s::text[] IS NULL OR debt_case.site_code = ANY (%(site_codes)s::text[]))
   AND (%(status)s::text IS NULL OR debt_case.status = %(status)s::text)
   AND (%(after)s::uuid IS NULL OR debt_case.case_id > %(after)s::uuid)
 ORDER BY debt_case.case_id
 LIMIT %(limit)s;

-- name: list_rates
SELECT from_on, until_on, percent AS figure, article
  FROM legal_rate
 ORDER BY from_on;

-- name: add_rate
INSERT INTO legal_rate (from_on, until_on, percent, article)
VALUES (%(from_on)s, %(until_on)s, %(percent)s, %(article)s);

-- name: learn_entitlements
-- The newest fact of a person wins, whatever the order of arrival; one row for each person.
INSERT INTO entitlement (person_ref, from_on, until_on, sequence)
SELECT DISTINCT ON (told.person_ref)
       told.person_ref, told.from_on, told.until_on, told.sequence
  FROM unnest(%(person_refs)s::uuid[], %(from_days)s::date[], %(until_days)s::date[],
              %(sequences)s::bigint[])
       AS told (person_ref, from_on, until_on, sequence)
 ORDER BY told.person_ref, told.sequence DESC
    ON CONFLICT (person_ref) DO UPDATE
   SET from_on = EXCLUDED.from_on, until_on = EXCLUDED.until_on, sequence = EXCLUDED.sequence
 WHERE entitlement.sequence < EXCLUDED.sequence;

-- name: add_case
INSERT INTO debt_case (case_id, site_code, person_ref, opened_on, admissible_on)
VALUES (%(case_id)s, %(site_code)s, %(person_ref)s, %(opened_on)s, %(admissible_on)s);

-- name: save_case
UPDATE debt_case
   SET status = %(status)s, outcome = %(outcome)s, admissible_on = %(admissible_on)s,
       closed_at = %(closed_at)s
 WHERE case_id = %(case_id)s;

-- name: add_mandate
INSERT INTO mandate (mandate_id, case_id, operators, signed_on, until_on, client_reference)
VALUES (%(mandate_id)s, %(case_id)s, %(operators)s, %(signed_on)s, %(until_on)s,
        %(client_reference)s);

-- name: revoke_mandate
UPDATE mandate
   SET revoked_on = %(revoked_on)s
 WHERE mandate_id = %(mandate_id)s;

-- name: add_line
INSERT INTO debt_line (line_id, case_id, operator, kind, label, claimed_cents, due_cents, due_on,
                       born_on, added_on)
VALUES (%(line_id)s, %(case_id)s, %(operator)s, %(kind)s, %(label)s, %(claimed_cents)s,
        %(due_cents)s, %(due_on)s, %(born_on)s, %(added_on)s);

-- name: settle_line
UPDATE debt_line
   SET agreed_cents = %(agreed_cents)s
 WHERE line_id = %(line_id)s;

-- name: add_line_events
-- Events of one line, numbered after those it already has.
INSERT INTO line_event (line_id, position, kind, happened_on, until_on)
SELECT %(line_id)s, %(known_count)s + told.place, told.kind, told.happened_on, told.until_on
  FROM unnest(%(kinds)s::text[], %(happened_days)s::date[], %(until_days)s::date[])
       WITH ORDINALITY AS told (kind, happened_on, until_on, place);

-- name: add_offer
INSERT INTO offer (offer_id, case_id, operator, kind, maker, amount_cents, made_on, counter_to,
                   override_reason)
VALUES (%(offer_id)s, %(case_id)s, %(operator)s, %(kind)s, %(maker)s, %(amount_cents)s,
        %(made_on)s, %(counter_to)s, %(override_reason)s);

-- name: add_offer_lines
INSERT INTO offer_line (offer_id, line_id)
SELECT %(offer_id)s, line_id
  FROM unnest(%(line_ids)s::uuid[]) AS line_id;

-- name: add_instalments
INSERT INTO instalment (offer_id, position, due_on, amount_cents)
SELECT %(offer_id)s, told.place, told.due_on, told.amount_cents
  FROM unnest(%(due_days)s::date[], %(amounts_cents)s::bigint[])
       WITH ORDINALITY AS told (due_on, amount_cents, place);

-- name: answer_offer
UPDATE offer
   SET state = %(state)s, answered_on = %(answered_on)s, person_signed_on = %(person_signed_on)s
 WHERE offer_id = %(offer_id)s;

-- name: add_case_event
INSERT INTO case_event (case_id, step, happened_at, user_id, details)
VALUES (%(case_id)s, %(step)s, %(happened_at)s, %(user_id)s, %(details)s);

-- name: add_accesses
-- One row for each case that one request showed.
INSERT INTO access (at, case_id, what, by_user_id, by_role, site_codes)
SELECT %(at)s, seen.case_id, %(what)s, %(by_user_id)s, %(by_role)s, %(site_codes)s
  FROM unnest(%(case_ids)s::uuid[]) AS seen (case_id);

-- name: list_accesses
-- Who read a case, the newest first.
SELECT access_id, at, what, by_user_id, by_role, site_codes
  FROM access
 WHERE case_id = %(case_id)s
   AND (%(after)s::bigint IS NULL OR access_id < %(after)s::bigint)
 ORDER BY access_id DESC
 LIMIT %(limit)s;

-- name: drop_accesses
-- Whole months at a time, a bounded number of rows; the trigger keeps what is not old enough.
DELETE FROM access
 WHERE access_id IN (
           SELECT access_id
             FROM access
            WHERE at < date_trunc('month', %(now)s::timestamptz)
                       - (SELECT make_interval(months => value)
                            FROM rule
                           WHERE name = 'access_months' AND from_on <= %(today)s
                           ORDER BY from_on DESC
                           LIMIT 1)
            ORDER BY access_id
            LIMIT %(limit)s);

-- name: held_entitlements
SELECT person_ref, from_on, until_on
  FROM entitlement
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY from_on;

-- name: held_cases
SELECT case_id, person_ref, site_code, status, outcome, opened_on, closed_at, admissible_on
  FROM debt_case
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY opened_on, case_id;

-- name: held_mandates
SELECT mandate.mandate_id, mandate.case_id, mandate.operators, mandate.signed_on,
       mandate.until_on, mandate.client_reference, mandate.revoked_on
  FROM debt_case
  JOIN mandate USING (case_id)
 WHERE debt_case.person_ref = ANY (%(person_refs)s)
 ORDER BY mandate.signed_on;

-- name: held_lines
SELECT debt_line.line_id, debt_line.case_id, debt_line.operator, debt_line.kind, debt_line.label,
       debt_line.claimed_cents, debt_line.due_cents, debt_line.agreed_cents, debt_line.due_on,
       debt_line.born_on, debt_line.added_on,
       (SELECT json_agg(json_build_object('kind', kind, 'on', happened_on, 'until', until_on)
                        ORDER BY position)
          FROM line_event
         WHERE line_event.line_id = debt_line.line_id) AS events
  FROM debt_case
  JOIN debt_line USING (case_id)
 WHERE debt_case.person_ref = ANY (%(person_refs)s)
 ORDER BY debt_line.due_on;

-- name: held_offers
SELECT offer.offer_id, offer.case_id, offer.operator, offer.kind, offer.maker, offer.amount_cents,
       offer.made_on, offer.state, offer.answered_on, offer.person_signed_on,
       offer.override_reason,
       (SELECT json_agg(json_build_object('due_on', due_on, 'amount_cents', amount_cents)
                        ORDER BY position)
          FROM instalment
         WHERE instalment.offer_id = offer.offer_id) AS instalments
  FROM debt_case
  JOIN offer USING (case_id)
 WHERE debt_case.person_ref = ANY (%(person_refs)s)
 ORDER BY offer.made_on;

-- name: held_steps
SELECT case_event.case_id, case_event.step, case_event.happened_at, case_event.details
  FROM debt_case
  JOIN case_event USING (case_id)
 WHERE debt_case.person_ref = ANY (%(person_refs)s)
 ORDER BY case_event.position;

-- name: held_accesses
-- Who read the person's files, by role and site; the names of colleagues are not theirs.
SELECT access.at, access.what, access.by_role, access.site_codes
  FROM debt_case
  JOIN access USING (case_id)
 WHERE debt_case.person_ref = ANY (%(person_refs)s)
 ORDER BY access.access_id;

-- name: blank_mandates
-- The number by which an operator knows the person.
UPDATE mandate
   SET client_reference = ''
  FROM debt_case
 WHERE debt_case.case_id = mandate.case_id
   AND debt_case.person_ref = ANY (%(person_refs)s)
   AND mandate.client_reference <> ''
RETURNING mandate.mandate_id AS id;

-- name: blank_lines
UPDATE debt_line
   SET label = ''
  FROM debt_case
 WHERE debt_case.case_id = debt_line.case_id
   AND debt_case.person_ref = ANY (%(person_refs)s)
   AND debt_line.label <> ''
RETURNING debt_line.line_id AS id;

-- name: blank_offers
UPDATE offer
   SET override_reason = NULL
  FROM debt_case
 WHERE debt_case.case_id = offer.case_id
   AND debt_case.person_ref = ANY (%(person_refs)s)
   AND offer.override_reason IS NOT NULL
RETURNING offer.offer_id AS id;

-- name: blank_steps
-- The reasons that somebody gave in words; what was done stays.
UPDATE case_event
   SET details = details - ARRAY['override_reason', 'left_open_reason']
  FROM debt_case
 WHERE debt_case.case_id = case_event.case_id
   AND debt_case.person_ref = ANY (%(person_refs)s)
   AND case_event.details ?| ARRAY['override_reason', 'left_open_reason']
RETURNING case_event.case_id AS id;
