-- Two references that turned out to be one person.  Nothing of either is moved: a merge that was
-- wrong is undone and leaves each with their own.

CREATE TABLE person_merge (
    merge_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_ref  uuid        NOT NULL REFERENCES person,
    merged_into uuid        NOT NULL REFERENCES person,
    merged_at   timestamptz NOT NULL,
    merged_by   uuid        NOT NULL,
    unmerged_at timestamptz,
    unmerged_by uuid,
    CHECK (person_ref <> merged_into),
    CHECK ((unmerged_at IS NULL) = (unmerged_by IS NULL))
);
-- serves: find_merge; a person is merged into one other at a time
CREATE UNIQUE INDEX person_merged_once ON person_merge (person_ref) WHERE unmerged_at IS NULL;
