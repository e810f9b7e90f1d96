-- A till stays when its device is replaced: revoked and enrolled follow one another, and the fact
-- with the highest sequence says how it stands.

ALTER TABLE till ADD COLUMN told_sequence bigint NOT NULL DEFAULT 0;
