-- The tills' journals.

-- name: find_heads
-- The end of each chain of a till, which is locked.
SELECT wanted.kind, last.sequence, last.hash
  FROM unnest(ARRAY['ticket', 'duplicate', 'grand_total', 'event', 'archive']) AS wanted (kind)
 CROSS JOIN LATERAL (SELECT sequence, hash
                       FROM journal
                      WHERE journal.till_id = %(till_id)s
                        AND journal.kind = wanted.kind
                      ORDER BY sequence DESC
                      LIMIT 1) AS last;

-- name: last_event
SELECT record, key_id
  FROM journal
 WHERE till_id = %(till_id)s AND kind = 'event'
 ORDER BY sequence DESC
 LIMIT 1;

-- name: append_record
INSERT INTO journal (till_id, sequence, kind, recorded_at, business_date, site_code, total_cents,
                     record, previous_hash, hash, key_id, signature)
VALUES (%(till_id)s, %(sequence)s, %(kind)s, %(recorded_at)s, %(business_date)s, %(site_code)s,
        %(total_cents)s, %(record)s, %(previous_hash)s, %(hash)s, %(key_id)s, %(signature)s);

-- name: move_ticket_head
UPDATE till SET last_sequence = %(sequence)s, last_hash = %(hash)s WHERE till_id = %(till_id)s;

-- name: keep_journal_keys
-- The public halves of the keys, so that what they signed is checked when they are gone.
INSERT INTO journal_key (key_id, public_key, first_used_at)
SELECT key_id, public_key, %(at)s
  FROM unnest(%(key_ids)s::text[], %(public_keys)s::bytea[]) AS told (key_id, public_key)
    ON CONFLICT (key_id) DO NOTHING;

-- name: journal_keys
SELECT key_id, public_key FROM journal_key;
