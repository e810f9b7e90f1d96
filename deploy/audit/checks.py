"""The checks of the audit, one after the other, in one snapshot of the database."""

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from psycopg import sql
from psycopg.rows import dict_row

from chassis import queries
from chassis.topology import Topology
from deploy.audit import traces
from kernel import chain
from services.recharges import signing
from services.recharges.seal import KeyUnknown, PinSeal, Sealed, WrappedKey
from services.referrals.domain.trace import Digest

SQL = queries.load("deploy.audit")
Rows = psycopg.Connection[dict[str, Any]]

#: The checks that one query answers.
BY_QUERY = (
    "voucher_sold_at_most_once",
    "vouchers_received_equal_their_states",
    "held_vouchers_have_a_holder",
    "sale_totals_equal_their_lines",
    "no_key_stands_for_two_sales",
    "sales_equal_journal_equal_cash_equal_ledger",
    "each_sale_is_in_the_ledger_once",
    "tickets_say_what_happened",
    "records_name_no_customer",
    "reveals_are_logged_and_copies_numbered",
    "papers_are_printed_once_and_copies_numbered",
    "refunds_give_back_what_was_paid",
    "refunded_vouchers_are_where_they_belong",
    "each_refund_is_in_the_ledger_once",
    "card_sales_are_booked_once_paid",
    "offline_tickets_are_sales_once",
    "leases_count_what_they_lent",
    "transfers_arrive_or_are_missing",
    "vouchers_on_sale_are_of_active_batches",
    "cash_lines_are_in_a_drawer",
    "sales_are_in_the_drawer_of_their_day",
    "till_cash_is_what_drawers_hold",
    "drawers_are_counted_and_their_gaps_posted",
    "drawers_are_closed_once_and_large_gaps_by_two",
    "drawers_are_held_by_whom_handovers_name",
    "journals_tell_what_was_done_to_tills",
    "records_have_no_gap",
    "records_are_filed_as_they_say",
    "closings_hold_each_ticket_once",
    "closings_say_what_their_records_say",
    "records_of_zs_say_what_became_of_drawers",
    "anchors_outside_match_the_journal",
    "nobody_is_over_the_cap",
    "nobody_bought_without_an_entitlement",
    "ledger_entries_are_what_facts_declared",
    "ledger_days_are_the_sum_of_their_transfers",
    "credits_given_equal_vouchers_received",
    "credits_left_are_what_lies_on_the_shelves",
    "option_euros_equal_their_lines_and_the_ledger",
    "devices_sold_were_wiped_and_tested",
    "plans_add_up",
    "entitlements_are_known_alike",
    "merges_are_known_alike",
    "tills_are_known_alike",
    "users_are_known_alike",
    "referrals_and_entitlements_end_on_their_day",
    "referrers_were_written_of_each_step",
    "access_log_tells_what_is_so",
    "erased_people_are_gone",
    "erased_people_are_remembered",
    "erasures_have_all_receipts",
)
#: How the facts of one type ended with one of their hearers.
_ENDINGS = """
SELECT count(*) AS told,
       count(*) FILTER (WHERE heard.times IS NULL AND given_up.event_id IS NOT NULL) AS discarded,
       array_agg(event_id::text)
                FILTER (WHERE heard.times IS DISTINCT FROM 1
                          AND (heard.times IS NOT NULL OR given_up.event_id IS NULL)) AS without
  FROM {teller}.outbox
  LEFT JOIN (SELECT event_id, count(*) AS times
               FROM {hearer}.inbox
              WHERE consumer = %(queue)s
              GROUP BY event_id) AS heard USING (event_id)
  LEFT JOIN (SELECT DISTINCT event_id
               FROM {hearer}.parked_delivery
              WHERE consumer = %(queue)s
                AND type = %(type)s
                AND state = 'discarded') AS given_up USING (event_id)
 WHERE outbox.type = %(type)s
"""
_WORD = re.compile(rb"[A-Za-z0-9]{6,}")
_HEX = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
#: A key that is not there, a box that was changed, or that is too short to be one.
_CANNOT_OPEN = (KeyUnknown, InvalidTag, ValueError)
_LOG_CHUNK = 1 << 20
_LOOK_S = 0.05
#: How many of those that break a rule are named.
EXAMPLES_MAX = 5
#: Named where the database cannot read a value: a record that is no JSON any more.  The check of
#: the chains names the record.
UNREADABLE = "a value that cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one check found; nothing examined is not a pass."""

    name: str
    examined: int
    broken: int
    #: Deliveries that a person gave up, with who and why: an ending, but no silent one.
    discarded: int = 0
    #: The first few that are broken, by their ids: never by words, and never a PIN.
    examples: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, name: str, *, examined: int, broken: Collection[str] | None, discarded: int = 0
    ) -> "Check":
        """Return what a check found, of all that is broken; nothing may be NULL."""
        named = tuple(sorted(broken or ()))
        return cls(
            name=name,
            examined=examined,
            broken=len(named),
            discarded=discarded,
            examples=named[:EXAMPLES_MAX],
        )

    @property
    def ok(self) -> bool:
        """Whether something was examined and all of it held."""
        return self.examined > 0 and self.broken == 0


def run(
    admin_url: str,
    *,
    services: Iterable[str],
    pins: PinSeal,
    digest: Digest,
    logs: Path | None,
    wait_s: float,
) -> list[Check]:
    """Run every check in one snapshot and return what each found.

    The snapshot is the first in which no fact is on its way from one service to another, if there
    is one within the wait: where tills sell all the time, a sale is in the ledger a moment later.
    """
    with open_snapshot(admin_url, services=services, wait_s=wait_s) as (connection, handled):
        known = present(connection, services)
        found = of_rows(connection)
        found.append(handled)
        found.append(_no_ghosts(connection, services=known))
        found.append(_no_pin_in_clear(connection, services=known, pins=pins, logs=logs))
        found.append(no_word_of_the_erased(connection, services=known, digest=digest))
    return found


@contextmanager
def open_snapshot(
    admin_url: str, *, services: Iterable[str], wait_s: float
) -> Iterator[tuple[Rows, Check]]:
    """Give a snapshot without facts on their way, or the last one when the wait is over."""
    deadline = time.monotonic() + wait_s
    with psycopg.connect(admin_url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        known = present(connection, services)
        while (handled := facts_handled_once(connection, services=known)).broken:
            if time.monotonic() >= deadline:
                break
            connection.rollback()
            time.sleep(_LOOK_S)
        yield connection, handled


def present(connection: Rows, services: Iterable[str]) -> list[str]:
    """Return those of the services whose schema exists."""
    rows = connection.execute("SELECT nspname FROM pg_namespace")
    schemas = {row["nspname"] for row in rows}
    return [service for service in services if service in schemas]


def of_rows(connection: Rows) -> list[Check]:
    """Run the checks that need nothing but rows."""
    found = [_by_query(connection, name) for name in BY_QUERY]
    found.append(_journal_chains(connection))
    found.append(_access_log(connection))
    return found


def _by_query(connection: Rows, name: str) -> Check:
    """Run one query; where it meets something that cannot be read at all, that is broken, too."""
    try:
        with connection.transaction():
            row = connection.execute(SQL[name]).fetchone()
    except psycopg.DataError:
        return Check.of(name, examined=1, broken=[UNREADABLE])
    assert row is not None
    return Check.of(name, examined=row["examined"], broken=row["broken"])


def _journal_chains(connection: Rows) -> Check:
    """Compute every chain of every till anew from its records, and check each signature."""
    examined, broken = 0, set()
    rows = connection.execute(SQL["journal_records"])
    for (till_id, kind), of_chain in groupby(rows, key=lambda row: (row["till_id"], row["kind"])):
        records = list(of_chain)
        examined += len(records)
        links = ((r["sequence"], r["record"], r["previous_hash"], r["hash"]) for r in records)
        bad = {record["sequence"] for record in records if not _is_signed(record)}
        if (first := chain.first_break(links)) is not None:
            bad.add(first)
        broken |= {f"{till_id} {kind} {sequence}" for sequence in bad}
    return Check.of("journal_chains_are_whole", examined=examined, broken=broken)


def _access_log(connection: Rows) -> Check:
    """Compute the chain of accounts' log anew."""
    examined = 0

    def entries() -> Iterator[tuple[int, str, bytes, bytes]]:
        nonlocal examined
        for row in connection.execute(SQL["access_log"]):
            examined += 1
            yield row["sequence"], row["record"], row["previous_hash"], row["hash"]

    first = chain.first_break(entries())
    broken = [] if first is None else [str(first)]
    return Check.of("access_log_is_whole", examined=examined, broken=broken)


def _is_signed(record: dict[str, Any]) -> bool:
    key = record["public_key"]
    return key is not None and signing.is_signed(record["hash"], record["signature"], key)


def facts_handled_once(connection: Rows, *, services: Iterable[str]) -> Check:
    """Every fact in every outbox has its one ending with each handler that hears it.

    It is in the handler's inbox, once; or it was parked and a person discarded it, which the
    parked delivery says with who and why.  What is only parked has no ending yet.
    """
    present = set(services)
    examined = discarded = 0
    broken: list[str] = []
    for type_, queues in Topology.read().subscriptions.items():
        teller = type_.partition(".")[0]
        for queue in queues:
            hearer = queue.partition(".")[0]
            if teller not in present or hearer not in present:
                continue
            row = connection.execute(
                sql.SQL(_ENDINGS).format(
                    teller=sql.Identifier(teller), hearer=sql.Identifier(hearer)
                ),
                {"queue": queue, "type": type_},
            ).fetchone()
            assert row is not None
            examined += row["told"]
            broken += [f"{queue} {event_id}" for event_id in row["without"] or ()]
            discarded += row["discarded"]
    return Check.of(
        "every_fact_was_handled_once_by_its_hearers",
        examined=examined,
        broken=broken,
        discarded=discarded,
    )


def _no_ghosts(connection: Rows, *, services: Iterable[str]) -> Check:
    """Nothing was handled that no outbox holds: a ghost message is a fact nobody committed."""
    present = list(services)
    told = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT event_id FROM {}.outbox").format(sql.Identifier(service))
        for service in present
    )
    heard = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT event_id FROM {}.inbox").format(sql.Identifier(service))
        for service in present
    )
    row = connection.execute(
        sql.SQL(
            "SELECT count(*) AS examined,"
            " array_agg(event_id::text) FILTER (WHERE told.event_id IS NULL) AS broken"
            " FROM ({heard}) AS heard LEFT JOIN ({told}) AS told USING (event_id)"
        ).format(heard=heard, told=told)
    ).fetchone()
    assert row is not None
    return Check.of(
        "no_fact_was_handled_that_nobody_told", examined=row["examined"], broken=row["broken"]
    )


def _no_pin_in_clear(
    connection: Rows, *, services: Iterable[str], pins: PinSeal, logs: Path | None
) -> Check:
    """Open every PIN, then look for each in every row of every table and in every log line.

    One that does not open is broken, too.
    """
    known: set[bytes] = set()
    broken: list[str] = []
    for key in connection.execute(SQL["pin_keys"]):
        try:
            pins.learn(WrappedKey(**key))
        except _CANNOT_OPEN:
            broken.append(f"key {key['key_id']}")
    for voucher in connection.execute(SQL["vouchers_with_sealed_pins"]):
        sealed = Sealed(voucher["pin_key_id"], voucher["pin_sealed"])
        try:
            pin = pins.open(sealed, operator=voucher["operator"], serial=voucher["serial"])
        except _CANNOT_OPEN:
            broken.append(f"voucher {voucher['batch_id']} {voucher['position']}")
        else:
            known.add(pin.encode())
    if not known:
        return Check.of("no_pin_in_clear", examined=0, broken=broken)
    examined = 0
    for table in connection.execute(SQL["tables"], {"schemas": list(services)}).fetchall():
        for place, row in _rows_as_text(connection, table):
            examined += 1
            if _holds(row, known):
                broken.append(f"{table['table_schema']}.{table['table_name']} {place}")
    for place, line in _log_lines(logs):
        examined += 1
        if _holds(line, known):
            broken.append(place)
    return Check.of("no_pin_in_clear", examined=examined, broken=broken)


def no_word_of_the_erased(connection: Rows, *, services: Iterable[str], digest: Digest) -> Check:
    """Look for the names, phones and e-mails of erased people in every text of every schema."""
    examined, broken = traces.look_for_erased(connection, schemas=services, digest=digest)
    return Check.of("no_word_of_the_erased_remains", examined=examined, broken=broken)


def _rows_as_text(connection: Rows, table: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of a table with their places in it: `(page,row)`, as `ctid` has it."""
    name = sql.Identifier(table["table_schema"], table["table_name"])
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY (SELECT ctid, * FROM {}) TO STDOUT").format(name)) as copy,
    ):
        for line in copy:
            place, _, row = bytes(line).partition(b"\t")
            yield place.decode(), row.replace(b"\\\\x", b"\\x")


def _log_lines(logs: Path | None) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of all logs, each with its file and number."""
    for path in sorted(logs.glob("*.log")) if logs is not None else ():
        with path.open("rb") as file:
            lines = iter(lambda file=file: file.readline(_LOG_CHUNK), b"")  # type: ignore[misc]
            for number, line in enumerate(lines, start=1):
                yield f"{path.name} {number}", line


def _holds(text: bytes, known: set[bytes]) -> bool:
    """Say whether a text, or bytes written in it as hexadecimal, hold one of the PINs."""
    if not known.isdisjoint(_WORD.findall(text)):
        return True
    return any(
        not known.isdisjoint(_WORD.findall(bytes.fromhex(match.decode())))
        for match in _HEX.findall(text)
    )
