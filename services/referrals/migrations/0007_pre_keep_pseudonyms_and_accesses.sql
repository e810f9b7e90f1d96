-- Identity can be taken away, the name other services know somebody by cannot: a table each.
-- And who saw or changed the identity of whom, in a journal of its own.

-- The name by which everybody but `person` knows somebody; it outlives their identity.
CREATE TABLE pseudonym (
    person_ref      uuid        PRIMARY KEY,
    last_contact_at timestamptz NOT NULL,
    erased_at       timestamptz
);
INSERT INTO pseudonym (person_ref, last_contact_at)
SELECT person.person_ref,
       GREATEST(person.known_since, max(referral_step.at), max(first_visit.at))
  FROM person
  LEFT JOIN referral USING (person_ref)
  LEFT JOIN referral_step USING (referral_id)
  LEFT JOIN first_visit USING (referral_id)
 GROUP BY person.person_ref;

-- Whoever writes an identity gives it its pseudonym; one that was used before is refused, so an
-- identity that was erased never comes back under it.
CREATE FUNCTION add_pseudonym() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pseudonym (person_ref, last_contact_at) VALUES (NEW.person_ref, NEW.known_since);
    RETURN NULL;
END
$$;
CREATE TRIGGER person_has_a_pseudonym AFTER INSERT ON person
   FOR EACH ROW EXECUTE FUNCTION add_pseudonym();

CREATE FUNCTION keep_erasure() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at THEN
        RAISE EXCEPTION 'person % stays erased', OLD.person_ref
              USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.erased_at IS NOT NULL
       AND EXISTS (SELECT FROM person WHERE person_ref = NEW.person_ref) THEN
        RAISE EXCEPTION 'person % has an identity and cannot be erased', OLD.person_ref
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER pseudonym_stays_erased BEFORE UPDATE ON pseudonym
   FOR EACH ROW EXECUTE FUNCTION keep_erasure();
CREATE TRIGGER pseudonym_is_kept BEFORE DELETE ON pseudonym
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Cases hang on the pseudonym, not on the identity.
ALTER TABLE referral
       DROP CONSTRAINT referral_person_ref_fkey,
       ADD CONSTRAINT referral_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym;
ALTER TABLE entitlement
       DROP CONSTRAINT entitlement_person_ref_fkey,
       ADD CONSTRAINT entitlement_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym;
ALTER TABLE person_merge
       DROP CONSTRAINT person_merge_person_ref_fkey,
       DROP CONSTRAINT person_merge_merged_into_fkey,
       ADD CONSTRAINT person_merge_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym,
       ADD CONSTRAINT person_merge_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES pseudonym;

-- Names of rules are many subjects' by now; each reads its own and misses what is not there.
ALTER TABLE rule
       DROP CONSTRAINT rule_name_check,
       ADD CONSTRAINT rule_name_check CHECK (name ~ '^[a-z][a-z_]{2,39}$');
INSERT INTO rule (name, from_on, value) VALUES ('access_months', '2010-01-01', 12);

-- Who read or wrote whose identity: one row for each person of each request.
CREATE TABLE access (
    access_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    person_ref uuid        NOT NULL REFERENCES pseudonym,
    what       text        NOT NULL CHECK (what ~ '^[a-z][a-z_]{2,39}$'),
    why        text        NOT NULL DEFAULT '' CHECK (length(why) <= 80),
    by_user_id uuid        NOT NULL,
    by_role    text        NOT NULL,
    site_codes text[]      NOT NULL
);
-- serves: list_accesses, drop_accesses
CREATE INDEX access_of_person ON access (person_ref, access_id DESC);
CREATE INDEX access_by_time ON access USING brin (at);

-- Written once, and kept for as long as the rule of the day says, to the end of that month.
CREATE FUNCTION keep_accesses() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    kept_months integer;
BEGIN
    SELECT value INTO kept_months
      FROM rule
     WHERE name = 'access_months' AND from_on <= CURRENT_DATE
       AND (until_on IS NULL OR CURRENT_DATE < until_on);
    IF OLD.at >= date_trunc('month', now()) - make_interval(months => kept_months) THEN
        RAISE EXCEPTION 'access % is kept for % months', OLD.access_id, kept_months
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER access_is_written_once BEFORE UPDATE ON access
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_is_kept BEFORE DELETE ON access
   FOR EACH ROW EXECUTE FUNCTION keep_accesses();
