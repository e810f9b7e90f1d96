-- A ticket says where it was sold.

ALTER TABLE site ADD COLUMN address text NOT NULL DEFAULT '';    -- empty: not told yet
