-- A movement of cash says where the money comes from or goes to; null in what is older than this.

ALTER TABLE cash_line
    ADD COLUMN purpose text,
    ADD CONSTRAINT cash_line_purpose
        CHECK (purpose IS NULL OR purpose IN ('safe', 'bank', 'expense') AND kind IN ('in', 'out'));
