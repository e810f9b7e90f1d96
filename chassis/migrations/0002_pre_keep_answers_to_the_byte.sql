-- jsonb reorders the fields of an answer: the same key is to give the same bytes again.
ALTER TABLE command_answer ALTER COLUMN answer TYPE json USING answer::json;
