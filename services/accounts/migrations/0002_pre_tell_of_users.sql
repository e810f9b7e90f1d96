-- Hearers know the users of a network that was there before accounts told of them: each account
-- becomes the facts that would have been told had its making and its end been told at the time.

INSERT INTO outbox (event_id, type, subject, sequence, site, occurred_at, data)
SELECT gen_random_uuid(), 'accounts.user.created.v1', user_id::text, 1, 'network', created_at,
       jsonb_build_object('user_id', user_id, 'role', role, 'site_codes', site_codes)
  FROM account
 ORDER BY created_at, user_id;

INSERT INTO outbox (event_id, type, subject, sequence, site, occurred_at, data)
SELECT gen_random_uuid(), 'accounts.user.disabled.v1', user_id::text, 2, 'network', disabled_at,
       jsonb_build_object('user_id', user_id, 'role', role, 'site_codes', site_codes)
  FROM account
 WHERE disabled_at IS NOT NULL
 ORDER BY disabled_at, user_id;
