"""What a sale costs when many vouchers have been sold before it, over what it costs early on."""

import statistics
from collections.abc import Callable

import psycopg

from bench import tills
from bench.world import World

EARLY = 100_000
_CHUNK = 500_000
_PER_SALE = 5
_SALES = 300

# The past is written as it would have come: batches sold out, sales of five vouchers, their cash
# and their tickets.  Constraints hold, for these are rows that the service could have written; they
# are not checked again row by row, which would take an hour.
_PAST = """
WITH made AS (
    INSERT INTO batch (batch_id, operator, batch_code, site_code, file_sha256, voucher_count,
                       face_value_cents, received_at)
    SELECT gen_random_uuid(), 'sfr', 'PAST-' || %(from)s, site_code,
           sha256(('past' || %(from)s)::bytea), %(count)s, %(count)s * 1500::bigint, now()
      FROM till ORDER BY till_id LIMIT 1
    RETURNING batch_id, site_code
), lots AS (
    INSERT INTO lot (lot_id, batch_id, site_code, offer_code, face_value_cents, use_by,
                     first_position, next_position, end_position, state)
    SELECT gen_random_uuid(), batch_id, site_code, 'sfr-15', 1500, current_date + 300,
           1, %(count)s + 1, %(count)s + 1, 'sold_out'
      FROM made
), vouchers AS (
    INSERT INTO voucher (batch_id, position, operator, serial, pin_key_id, pin_sealed, pin_index)
    SELECT batch_id, n, 'sfr', 'past-' || %(from)s + n, 'none', sha256(n::text::bytea),
           sha256(('past' || %(from)s + n)::bytea)
      FROM made, generate_series(1, %(count)s) AS n
), chosen AS (
    SELECT array_agg(till_id) AS tills FROM till
), sold AS (
    INSERT INTO sale (sale_id, key, request_hash, till_id, site_code, ticket_no, person_ref,
                      sold_by, sold_at, business_date, tender, total_cents, tendered_cents,
                      change_cents, cap_left_cents)
    SELECT md5('past' || %(from)s + n)::uuid, 'past-' || %(from)s + n, '\\x00',
           tills[1 + n %% array_length(tills, 1)], site_code, 10000000 + %(from)s + n,
           md5('person' || n)::uuid, tills[1], now(), current_date,
           'cash', 1250, 1250, 0, 0
      FROM made, chosen, generate_series(1, %(count)s / %(each)s) AS n
), lines AS (
    INSERT INTO sale_line (sale_id, line_no, offer_code, operator, quantity, price_cents,
                           face_value_cents)
    SELECT md5('past' || %(from)s + n)::uuid, 1, 'sfr-15', 'sfr', %(each)s, 250, 1500
      FROM generate_series(1, %(count)s / %(each)s) AS n
), cash AS (
    INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind, amount_cents,
                           sale_id)
    SELECT tills[1 + n %% array_length(tills, 1)], site_code, current_date,
           now(), 'sale', 1250, md5('past' || %(from)s + n)::uuid
      FROM made, chosen, generate_series(1, %(count)s / %(each)s) AS n
), tickets AS (
    INSERT INTO journal (till_id, sequence, kind, recorded_at, business_date, site_code,
                         total_cents, record, previous_hash, hash, key_id, signature)
    SELECT tills[1 + n %% array_length(tills, 1)], 10000000 + %(from)s + n, 'ticket',
           now(), current_date, site_code, 1250, repeat('x', 600),
           sha256(n::text::bytea), sha256(n::text::bytea), '', '\\x'
      FROM made, chosen, generate_series(1, %(count)s / %(each)s) AS n
)
INSERT INTO sale_voucher (batch_id, position, sale_id, line_no)
SELECT batch_id, n, md5('past' || %(from)s + 1 + (n - 1) / %(each)s)::uuid, 1
  FROM made, generate_series(1, %(count)s) AS n
"""


def grow(connection: psycopg.Connection, *, until: int, say: Callable[[str], None]) -> None:
    """Fill the past until so many vouchers have been sold."""
    row = connection.execute("SELECT count(*) FROM sale_voucher").fetchone()
    assert row is not None
    sold = int(row[0])
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET statement_timeout = 0")
    while sold < until:
        count = min(_CHUNK, until - sold) // _PER_SALE * _PER_SALE
        if count == 0:
            break
        connection.execute(_PAST, {"from": sold, "count": count, "each": _PER_SALE})
        sold += count
        say(f"{sold} vouchers sold so far")
    connection.execute("RESET session_replication_role")
    connection.execute("VACUUM ANALYZE")
    connection.execute("CHECKPOINT")


def median_ms(world: World) -> float:
    """Return the median latency of a lone till's sale."""
    sold = tills.sell(world, count=_SALES, connections=1)
    return 1_000 * statistics.median(sold.latencies_s)
