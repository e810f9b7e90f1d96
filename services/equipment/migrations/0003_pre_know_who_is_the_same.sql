-- Who is the same person, as referrals tells (chassis/aliases.py).  Nothing of either is moved, so a
-- merge that was wrong is undone without loss.

CREATE TABLE person_merge (      -- as referrals told it last
    person_ref  uuid    PRIMARY KEY,
    merged_into uuid    NOT NULL,
    sequence    bigint  NOT NULL,
    merged      boolean NOT NULL,          -- false: undone
    CHECK (person_ref <> merged_into)
);
-- serves: chassis.aliases, from the end of a chain to those that lead there
CREATE INDEX person_merge_into ON person_merge (merged_into) WHERE merged;
CREATE TABLE person_alias (      -- what the merges that stand add up to: each to the last of its chain
    person_ref uuid PRIMARY KEY,
    same_as    uuid NOT NULL,
    CHECK (person_ref <> same_as)
);
CREATE INDEX person_alias_of ON person_alias (same_as);
