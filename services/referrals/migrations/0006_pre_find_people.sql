-- Finding people however they are written, telling apart those who are alike, and counting those who
-- were merged as one.

-- What a person is looked up by (domain/likeness.py).  It is a part of their identity, and goes with
-- it.  `keyed_by` is the version of the rules that made the keys; a clock makes old ones anew.
ALTER TABLE person
    ADD COLUMN match_keys text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN keyed_by   integer NOT NULL DEFAULT 0,
    -- Whoever referred them said that they are not the one known by this name and birth date.
    ADD COLUMN namesake   boolean NOT NULL DEFAULT false,
    -- Twins may share their parents' phone.
    DROP CONSTRAINT one_person_per_phone,
    DROP CONSTRAINT one_person_per_name;
CREATE UNIQUE INDEX one_person_per_name ON person (name_key, birth_date) WHERE NOT namesake;
-- serves: find_alike_on
CREATE INDEX person_by_birth_date ON person (birth_date);
-- serves: find_alike, search_names
CREATE INDEX person_by_match_keys ON person USING gin (match_keys);
-- serves: search_names; a space before each word tells where it begins
CREATE INDEX person_by_words ON person USING gin ((' ' || name_key) gin_trgm_ops);
-- serves: search_phone_ends, search_phone
CREATE INDEX person_by_phone_end ON person (reverse(phone) text_pattern_ops);
-- serves: list_unkeyed
CREATE INDEX person_by_keyed_by ON person (keyed_by);

-- Two whom somebody looked at and found to be two: they are not shown as duplicates again.
CREATE TABLE told_apart (
    person_ref uuid        NOT NULL REFERENCES person ON DELETE CASCADE,
    other_ref  uuid        NOT NULL REFERENCES person ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    by_user_id uuid        NOT NULL,
    PRIMARY KEY (person_ref, other_ref),
    CHECK (person_ref < other_ref)
);
CREATE INDEX told_apart_from ON told_apart (other_ref);

-- As every service that knows people has it (chassis/aliases.py); here it is written with the merge.
ALTER TABLE person_merge
    ADD COLUMN merged boolean NOT NULL GENERATED ALWAYS AS (unmerged_at IS NULL) STORED;
CREATE INDEX person_merge_into ON person_merge (merged_into) WHERE merged;
CREATE TABLE person_alias (      -- each merged reference to the last of its chain
    person_ref uuid PRIMARY KEY,
    same_as    uuid NOT NULL,
    CHECK (person_ref <> same_as)
);
CREATE INDEX person_alias_of ON person_alias (same_as);
INSERT INTO person_alias (person_ref, same_as)
WITH RECURSIVE chain AS (
    SELECT person_ref, merged_into AS same_as, 1 AS step FROM person_merge WHERE merged
     UNION ALL
    SELECT chain.person_ref, next.merged_into, step + 1
      FROM chain
      JOIN person_merge AS next ON next.person_ref = chain.same_as AND next.merged
)
SELECT DISTINCT ON (person_ref) person_ref, same_as FROM chain ORDER BY person_ref, step DESC;
