-- What offline tills sold and sent up; a chain is changed by who has locked its till.

-- name: leases_of_sales
-- The leases that sales name, of one till.
SELECT lease.lease_id, coalesce(lease.chain_id, lease.device_id) AS chain_id, lease.offer_code,
       lease.price_cents, lease.state, lease.leased_at, lease.expires_at, lease.ended_at,
       offer.operator, offer.label
  FROM lease
  JOIN offer ON offer.offer_code = lease.offer_code
 WHERE lease.lease_id = ANY(%(lease_ids)s::uuid[]) AND lease.till_id = %(till_id)s;

-- name: known_offline_tickets
-- What was accepted under these numbers, and of these sales.
SELECT ticket.sequence, ticket.hash, sale.sale_id, sale.ticket_no
  FROM offline_ticket AS ticket
  JOIN sale ON sale.sale_id = ticket.sale_id
 WHERE ticket.device_id = %(chain_id)s AND ticket.sequence = ANY(%(sequences)s::bigint[]);

-- name: known_sale_ids
SELECT sale_id FROM sale WHERE sale_id = ANY(%(sale_ids)s::uuid[])
UNION
SELECT sale_id FROM card_sale WHERE sale_id = ANY(%(sale_ids)s::uuid[]);

-- name: leased_vouchers
-- The vouchers of these serials that were leased and are still to be sold.
SELECT voucher.serial, voucher.operator, leased.lease_id, voucher.batch_id, voucher.position,
       lot.taking, lot.lot_id, lot.state AS lot_state, lot.face_value_cents, lot.use_by
  FROM lease
  JOIN offer ON offer.offer_code = lease.offer_code
  JOIN voucher ON voucher.operator = offer.operator
              AND voucher.serial = ANY(%(serials)s::text[])
  JOIN lease_range AS leased ON leased.lease_id = lease.lease_id
                            AND leased.batch_id = voucher.batch_id
                            AND leased.first_position <= voucher.position
                            AND voucher.position < leased.end_position
  JOIN lot ON lot.batch_id = voucher.batch_id
          AND int8range(lot.first_position, lot.end_position) @> voucher.position
          AND voucher.position >= lot.next_position
 WHERE lease.lease_id = ANY(%(lease_ids)s::uuid[])
   AND CASE lease.state WHEN 'open'    THEN lot.held_by = lease.lease_id
                        WHEN 'revoked' THEN lot.state = 'frozen'
                        ELSE false END;

-- name: allowances_of_chain
-- What is set aside for people in the open leases that are sold on a chain.
SELECT allowance.lease_id, allowance.person_ref, allowance.month_on,
       (allowance.allowed_cents - allowance.used_cents)::bigint AS left_cents
  FROM lease
  JOIN lease_allowance AS allowance ON allowance.lease_id = lease.lease_id
 WHERE lease.till_id = %(till_id)s AND lease.state = 'open'
   AND coalesce(lease.chain_id, lease.device_id) = %(chain_id)s
   AND allowance.person_ref = ANY(%(person_refs)s::uuid[]);

-- name: read_people
-- Who is who, and every person's entitlements.
SELECT coalesce(json_agg(json_build_object(
           'person_ref', asked.person_ref,
           'same_as', coalesce(known_as.same_as, asked.person_ref),
           'entitlements', ARRAY(
               SELECT json_build_object(
                          'person_ref', entitlement.person_ref,
                          'from_on', entitlement.from_on,
                          'until_on', entitlement.until_on,
                          'monthly_cap_cents', entitlement.monthly_cap_cents)
                 FROM entitlement
                WHERE entitlement.person_ref = coalesce(known_as.same_as, asked.person_ref)
                   OR entitlement.person_ref IN (
                          SELECT other.person_ref
                            FROM person_alias AS other
                           WHERE other.same_as
                                 = coalesce(known_as.same_as, asked.person_ref))))), '[]')
       AS people
  FROM unnest(%(person_refs)s::uuid[]) AS asked (person_ref)
  LEFT JOIN person_alias AS known_as ON known_as.person_ref = asked.person_ref;

-- name: keep_offline_tickets
INSERT INTO offline_ticket (device_id, sequence, till_id, hash, previous_hash, record, sale_id,
                            lease_id, received_at)
SELECT %(chain_id)s, told.sequence, %(till_id)s, told.hash, told.previous_hash, told.record,
       told.sale_id, told.lease_id, %(received_at)s
  FROM unnest(%(sequences)s::bigint[], %(hashes)s::bytea[], %(previous_hashes)s::bytea[],
              %(records)s::text[], %(sale_ids)s::uuid[], %(lease_ids)s::uuid[])
       AS told (sequence, hash, previous_hash, record, sale_id, lease_id);

-- name: keep_refused
-- Evidence; what a device sends again is kept once.
INSERT INTO offline_refusal (till_id, device_id, sequence, code, hash, previous_hash, record,
                             received_at)
SELECT %(till_id)s, %(chain_id)s, told.sequence, told.code, told.hash, told.previous_hash,
       told.record, %(received_at)s
  FROM unnest(%(sequences)s::bigint[], %(codes)s::text[], %(hashes)s::bytea[],
              %(previous_hashes)s::bytea[], %(records)s::text[])
       AS told (sequence, code, hash, previous_hash, record)
    ON CONFLICT (device_id, sequence, code, hash) DO NOTHING;

-- name: move_chain
INSERT INTO device_chain (device_id, till_id, sequence, hash, sold_at)
VALUES (%(chain_id)s, %(till_id)s, %(sequence)s, %(hash)s, %(sold_at)s)
    ON CONFLICT (device_id) DO UPDATE
   SET sequence = excluded.sequence, hash = excluded.hash, sold_at = excluded.sold_at;

-- name: use_leases
-- How many vouchers were sold of each lease.
UPDATE lease
   SET sold = lease.sold + told.count
  FROM unnest(%(lease_ids)s::uuid[], %(counts)s::bigint[]) AS told (lease_id, count)
 WHERE lease.lease_id = told.lease_id;

-- name: use_allowances
UPDATE lease_allowance AS allowance
   SET used_cents = allowance.used_cents + told.cents
  FROM unnest(%(lease_ids)s::uuid[], %(person_refs)s::uuid[], %(cents)s::bigint[])
       AS told (lease_id, person_ref, cents)
 WHERE allowance.lease_id = told.lease_id AND allowance.person_ref = told.person_ref;
