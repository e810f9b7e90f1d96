-- Sign-in by somebody else's word (OpenID Connect): whom a provider's subject is here, and which
-- flows have come back, each once.

CREATE TABLE identity (
    issuer    text        NOT NULL CHECK (issuer <> ''),
    subject   text        NOT NULL CHECK (subject <> ''),
    user_id   uuid        NOT NULL REFERENCES account,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, user_id)   -- a provider knows a person once
);

CREATE TABLE oidc_flow_used (
    flow_digest bytea       PRIMARY KEY,
    expires_at  timestamptz NOT NULL   -- afterwards it is refused by its age: the row is forgotten
);
-- serves: forget_flows
CREATE INDEX oidc_flow_used_expires_at ON oidc_flow_used (expires_at);
