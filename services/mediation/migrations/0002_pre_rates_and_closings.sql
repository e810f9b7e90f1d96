-- The legal rates of interest as rows that can be added, cases by site, and honest closings.

CREATE TABLE legal_rate (        -- "all other cases": the creditor is a professional
    from_on  date         PRIMARY KEY
             CHECK (extract(day FROM from_on) = 1 AND extract(month FROM from_on) IN (1, 7)),
    until_on date         NOT NULL CHECK (until_on = (from_on + interval '6 months')::date),
    percent  numeric(4,2) NOT NULL CHECK (percent > 0),
    article  text         NOT NULL CHECK (length(article) BETWEEN 3 AND 200),
    added_at timestamptz  NOT NULL DEFAULT now()
);
INSERT INTO legal_rate (from_on, until_on, percent, article) VALUES
    ('2024-07-01', '2025-01-01', 4.92, 'CMF L313-2, 2024-2'),
    ('2025-01-01', '2025-07-01', 3.71, 'CMF L313-2, 2025-1'),
    ('2025-07-01', '2026-01-01', 2.76, 'CMF L313-2, 2025-2'),
    ('2026-01-01', '2026-07-01', 2.62, 'Arrêté du 15 décembre 2025');
-- What was computed with a rate stays as it was: a rate is added, never changed.
CREATE TRIGGER legal_rate_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON legal_rate
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- serves: list_cases
CREATE INDEX debt_case_of_site ON debt_case (site_code, case_id);

-- What was agreed stands: with a settled line, no case ends as if nothing had been agreed.
CREATE FUNCTION check_case_outcome() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.outcome IN ('refund', 'line_restored', 'refused', 'withdrawn', 'inadmissible')
       AND EXISTS (SELECT FROM debt_line
                    WHERE case_id = NEW.case_id AND agreed_cents IS NOT NULL)
    THEN
        RAISE EXCEPTION 'case %: a line is settled, so it cannot end as %',
                        NEW.case_id, NEW.outcome
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER debt_case_outcome BEFORE UPDATE ON debt_case
    FOR EACH ROW WHEN (NEW.status = 'closed') EXECUTE FUNCTION check_case_outcome();
