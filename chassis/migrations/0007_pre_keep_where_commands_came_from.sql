-- The sites of whoever asked, '*' for all: who has left one of them is not told again what was done.
-- NULL: asked before this was kept.
ALTER TABLE command_answer ADD COLUMN site_codes text[];
