-- name: take_log
-- One writer at a time: each entry is chained to the one before.
SELECT pg_advisory_xact_lock(hashtextextended('accounts log', 0));

-- name: find_log_end
-- The last entry.
SELECT sequence, hash
  FROM log_entry
 ORDER BY sequence DESC
 LIMIT 1;

-- name: add_log_entry
-- The next one.
INSERT INTO log_entry (sequence, record, previous_hash, hash)
VALUES (%(sequence)s, %(record)s, %(previous_hash)s, %(hash)s);

-- name: read_log
-- The whole log, in its order.
SELECT sequence, record, previous_hash, hash
  FROM log_entry
 ORDER BY sequence;

-- name: list_log
-- A page of the log, the newest first.
SELECT sequence, record
  FROM log_entry
 WHERE (%(after)s::bigint IS NULL OR sequence < %(after)s::bigint)
 ORDER BY sequence DESC
 LIMIT %(limit)s;
