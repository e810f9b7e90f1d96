-- A person has what is written about them corrected (GDPR, article 16), and its use restricted while
-- that is looked at (article 18).

-- Which fields an access changed; what stood in them before is not kept.
ALTER TABLE access ADD COLUMN fields text[] NOT NULL DEFAULT '{}';

-- One row for each reference of the person: an unmerging leaves each of them restricted.  While one
-- stands nobody is merged, so it stands for all references of a person or for none.
CREATE TABLE restriction (
    restriction_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_ref     uuid        NOT NULL REFERENCES pseudonym,
    ground         text        NOT NULL CHECK (ground IN ('accuracy_contested', 'unlawful',
                                   'needed_for_claim', 'objected')),
    at             timestamptz NOT NULL,
    by_user_id     uuid        NOT NULL,
    lifted_at      timestamptz,
    lifted_by      uuid,
    lifted_why     text        CHECK (lifted_why IN ('settled', 'withdrawn', 'no_longer_needed')),
    -- The person is told before it is lifted.
    informed_on    date,
    CHECK (num_nulls(lifted_at, lifted_by, lifted_why, informed_on) IN (0, 4))
);
-- serves: find_restriction, list_found, list_stale, list_notices_due, take_to_remind
CREATE UNIQUE INDEX restriction_stands ON restriction (person_ref) WHERE lifted_at IS NULL;
CREATE TRIGGER restriction_is_kept BEFORE DELETE ON restriction
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER restriction_is_lifted_once BEFORE UPDATE ON restriction
   FOR EACH ROW WHEN (OLD.lifted_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
