-- name: see_operator
-- Row-level security shows this operator's rows, or all of them with '*', until the commit.
SELECT set_config('relais.operator', %(operator)s, true);

-- name: lock_operator
-- The operator, locked until the transaction ends: imports of one operator take turns.
SELECT operator
  FROM operator
 WHERE operator = %(operator)s
   FOR NO KEY UPDATE;

-- name: list_operators
SELECT operator
  FROM operator
 ORDER BY operator;

-- name: list_caps
SELECT from_on, operation_max_cents
  FROM operation_cap
 ORDER BY from_on;

-- name: find_earlier_report
-- A report that is this very file, else one of the same month.
SELECT report_id, period, file_sha256 = %(file_sha256)s AS same_file
  FROM option_report
 WHERE operator = %(operator)s
   AND (file_sha256 = %(file_sha256)s OR period = %(period)s)
 ORDER BY same_file DESC
 LIMIT 1;

-- name: find_reported_line
-- The first of these lines that an earlier report of the operator already holds.
SELECT said.line_number, earlier.period
  FROM unnest(%(line_numbers)s::integer[], %(tokens)s::text[], %(option_codes)s::text[],
              %(invoice_months)s::text[], %(kinds)s::text[])
       AS said (line_number, token, option_code, invoice_month, kind)
  JOIN option_line AS earlier
    ON earlier.operator = %(operator)s
   AND earlier.token = said.token
   AND earlier.invoice_month = said.invoice_month
   AND earlier.option_code = said.option_code
   AND earlier.kind = said.kind
 ORDER BY said.line_number
 LIMIT 1;

-- name: count_billed
-- How many of these reversals take back what an earlier report billed.
SELECT count(*) AS billed
  FROM unnest(%(tokens)s::text[], %(option_codes)s::text[], %(invoice_months)s::text[])
       AS said (token, option_code, invoice_month)
 WHERE EXISTS (SELECT
                 FROM option_line AS earlier
                WHERE earlier.operator = %(operator)s
                  AND earlier.token = said.token
                  AND earlier.invoice_month = said.invoice_month
                  AND earlier.option_code = said.option_code
                  AND earlier.kind = 'BILLED');

-- name: add_report
INSERT INTO option_report (report_id, operator, period, file_sha256, line_count, billed_cents,
                           reversed_cents, adjusted_cents, total_cents, unmatched_reversals,
                           imported_by, imported_at)
VALUES (%(report_id)s, %(operator)s, %(period)s, %(file_sha256)s, %(line_count)s, %(billed_cents)s,
        %(reversed_cents)s, %(adjusted_cents)s, %(total_cents)s, %(unmatched_reversals)s,
        %(imported_by)s, %(imported_at)s);

-- name: add_lines
INSERT INTO option_line (report_id, operator, period, line_number, token, option_code,
                         invoice_month, kind, amount_cents)
SELECT %(report_id)s, %(operator)s, %(period)s, said.*
  FROM unnest(%(line_numbers)s::integer[], %(tokens)s::text[], %(option_codes)s::text[],
              %(invoice_months)s::text[], %(kinds)s::text[], %(amounts)s::bigint[]) AS said;

-- name: list_reports
-- The newest reports of one operator, or of all of them.
SELECT report_id, operator, period, line_count, billed_cents, reversed_cents, adjusted_cents,
       total_cents, unmatched_reversals
  FROM option_report
 WHERE operator = COALESCE(%(operator)s::text, operator)
 ORDER BY period DESC, operator
 LIMIT %(count_max)s;

-- name: sum_reports
-- What all reports of an operator add up to, the ones that are not listed included.
SELECT operator, count(*) AS reports, sum(line_count)::bigint AS line_count,
       sum(billed_cents)::bigint AS billed_cents, sum(reversed_cents)::bigint AS reversed_cents,
       sum(adjusted_cents)::bigint AS adjusted_cents, sum(total_cents)::bigint AS total_cents,
       sum(unmatched_reversals)::bigint AS unmatched_reversals
  FROM option_report
 WHERE operator = COALESCE(%(operator)s::text, operator)
 GROUP BY operator
 ORDER BY operator;
