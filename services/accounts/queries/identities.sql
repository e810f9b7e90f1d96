-- name: forget_flows
-- Those that are too old to come back.
DELETE FROM oidc_flow_used
 WHERE flow_digest IN (SELECT flow_digest
                         FROM oidc_flow_used
                        WHERE expires_at < %(now)s
                        LIMIT 50
                          FOR UPDATE SKIP LOCKED);

-- name: use_flow
-- Once; a row count of 0 says that it came back before.
INSERT INTO oidc_flow_used (flow_digest, expires_at)
VALUES (%(flow_digest)s, %(expires_at)s)
    ON CONFLICT DO NOTHING;

-- name: find_identity
-- Whom a provider's subject is here.
SELECT user_id
  FROM identity
 WHERE issuer = %(issuer)s
   AND subject = %(subject)s;

-- name: add_identity
-- A row count of 0 says that the provider knows this user as somebody else, or was faster.
INSERT INTO identity (issuer, subject, user_id, linked_at)
VALUES (%(issuer)s, %(subject)s, %(user_id)s, %(now)s)
    ON CONFLICT DO NOTHING;
