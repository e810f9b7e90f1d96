-- What colleagues call whoever acts at a drawer, as their token says: an X and a Z name them.
CREATE TABLE staff_name (
    user_id  uuid        PRIMARY KEY,
    name     text        NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    noted_at timestamptz NOT NULL
);
