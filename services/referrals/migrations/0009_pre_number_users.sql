-- Facts of one user may be heard in any order: what is older than what is known is left aside.
ALTER TABLE told_user ADD COLUMN sequence bigint NOT NULL DEFAULT 0;
