-- The totals of each day, so that the sums of a period read days and not a whole history.

-- Rows of one day are updated again and again: room is left in their pages for that.
CREATE TABLE day_total (         -- the sum of `transfer`, and nothing else
    operator       text   NOT NULL,
    booked_on      date   NOT NULL,
    site_code      text   NOT NULL,
    debit          text   NOT NULL,
    credit         text   NOT NULL,
    amount_cents   bigint NOT NULL CHECK (amount_cents >= 0),
    item_count     bigint NOT NULL CHECK (item_count >= 0),
    transfer_count bigint NOT NULL CHECK (transfer_count > 0),
    -- serves: sum_period, list_sites, list_takings, list_accounts, list_unequal_days
    PRIMARY KEY (operator, booked_on, site_code, debit, credit)
) WITH (fillfactor = 70);

-- Whoever inserts transfers adds them to their days in the same statement; nobody else may write
-- there, not even the service.  Sorted, so that two processes wait for one another in turn: this is
-- the last that a posting locks.
CREATE FUNCTION add_to_days() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO day_total (operator, booked_on, site_code, debit, credit, amount_cents,
                           item_count, transfer_count)
    SELECT operator, booked_on, site_code, debit, credit, sum(amount_cents), sum(item_count),
           count(*)
      FROM added
     GROUP BY operator, booked_on, site_code, debit, credit
     ORDER BY operator, booked_on, site_code, debit, credit
        ON CONFLICT (operator, booked_on, site_code, debit, credit) DO UPDATE
       SET amount_cents = day_total.amount_cents + EXCLUDED.amount_cents,
           item_count = day_total.item_count + EXCLUDED.item_count,
           transfer_count = day_total.transfer_count + EXCLUDED.transfer_count;
    RETURN NULL;
END
$$;
CREATE TRIGGER transfer_totals_its_day AFTER INSERT ON transfer
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION add_to_days();

REVOKE INSERT, UPDATE, DELETE ON day_total FROM settlement;
CREATE TRIGGER day_total_is_kept BEFORE DELETE OR TRUNCATE ON day_total
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was posted before there were totals.  Creating the trigger has locked out other postings.
SELECT set_config('relais.operator', '*', true);
INSERT INTO day_total (operator, booked_on, site_code, debit, credit, amount_cents, item_count,
                       transfer_count)
SELECT operator, booked_on, site_code, debit, credit, sum(amount_cents), sum(item_count), count(*)
  FROM transfer
 GROUP BY operator, booked_on, site_code, debit, credit;

-- Seen as transfers are.  Not forced on the owner, who keeps the totals for everybody.
ALTER TABLE day_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY day_total_seen ON day_total FOR SELECT
    USING (operator = (SELECT current_setting('relais.operator', true))
           OR (SELECT current_setting('relais.operator', true)) = '*');
