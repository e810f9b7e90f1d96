"""An import, over a bare COPY of the very rows it made into tables like the one it fills."""

import io
import os
import secrets
import time
import uuid
from datetime import timedelta

import psycopg
import uuid_utils
from psycopg import sql
from psycopg.rows import dict_row
from rich.console import Console
from rich.progress import Progress

from bench.world import World
from chassis import clock
from chassis.db import Transaction
from deploy.local import keyring
from deploy.local.home import ROOT, Home
from kernel.period import business_date
from services.recharges import intake
from services.recharges.domain.delivery import COLUMNS
from services.recharges.seal import PinSeal

#: How many vouchers each delivery has.
VOUCHERS = int(os.environ.get("RELAIS_BENCH_IMPORT", "100000"))
_CHUNK = 1 << 20

#: The table with all that ours has, and the same rows in it; and one with nothing but columns.
_PEERS = """
DROP TABLE IF EXISTS peer.like_voucher, peer.bare_voucher;
CREATE TABLE peer.like_voucher (LIKE recharges.voucher INCLUDING ALL);
ALTER TABLE peer.like_voucher ADD FOREIGN KEY (batch_id) REFERENCES recharges.batch;
INSERT INTO peer.like_voucher SELECT * FROM recharges.voucher;
CREATE TABLE peer.bare_voucher (LIKE recharges.voucher);
INSERT INTO recharges.site VALUES ('bench-imports', 'Imports') ON CONFLICT DO NOTHING;
"""
_ROWS = """
COPY (SELECT * FROM recharges.voucher WHERE batch_id = {} ORDER BY position)
TO STDOUT (FORMAT BINARY)
"""


class Imports:
    """Deliveries of one size, one after the other, each stored by us and then by two bare COPYs."""

    def __init__(self, made: World, connection: psycopg.Connection) -> None:
        self._url = made.stack.database_url
        self._pins = PinSeal(keyring.load(Home(ROOT / ".local-bench")).pin_keys)
        self._rows = b""
        connection.execute(_PEERS)

    def ours_per_second(self) -> float:
        """Import a new delivery with its progress bar; return vouchers per second."""
        content = _delivery()
        with psycopg.connect(
            self._url, row_factory=dict_row, options="-c search_path=recharges,public"
        ) as tx:
            started = time.perf_counter()
            batch_id = self._receive(tx, content)
            tx.commit()
            seconds = time.perf_counter() - started
            query = sql.SQL(_ROWS).format(sql.Literal(batch_id))
            with tx.cursor() as cursor, cursor.copy(query) as rows:
                self._rows = b"".join(bytes(row) for row in rows)
            stored = tx.execute(
                "SELECT count(*) AS count FROM voucher WHERE batch_id = %s", (batch_id,)
            )
            if (row := stored.fetchone()) is None or row["count"] != VOUCHERS:
                raise RuntimeError(f"{VOUCHERS} vouchers imported, and stored: {row}")
        return VOUCHERS / seconds

    def _receive(self, tx: Transaction, content: bytes) -> uuid.UUID:
        with Progress(console=Console(file=io.StringIO(), force_terminal=True)) as bars:
            bar = bars.add_task("import")
            return intake.receive_batch(
                tx,
                content,
                operator="sfr",
                batch_code=f"BENCH-{secrets.token_hex(8)}",
                site_code="bench-imports",
                count=VOUCHERS,
                face_value_cents=None,
                pins=self._pins,
                new_id=lambda: uuid.UUID(int=uuid_utils.uuid7().int),
                now=clock.now(),
                progress=lambda _, done, total: bars.update(bar, completed=done, total=total),
            ).batch_id

    def copied_per_second(self, table: str) -> float:
        """COPY the rows of the last delivery into a peer's table; return rows per second."""
        query = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier("peer", table))
        with psycopg.connect(self._url) as tx:
            started = time.perf_counter()
            with tx.cursor() as cursor, cursor.copy(query) as copy:
                for at in range(0, len(self._rows), _CHUNK):
                    copy.write(self._rows[at : at + _CHUNK])
            tx.commit()
            return VOUCHERS / (time.perf_counter() - started)


def _delivery() -> bytes:
    """A file as an operator writes it: serials in a row, PINs of fourteen digits, two offers."""
    first = secrets.randbelow(10**15)
    use_by = business_date(clock.now()) + timedelta(days=365)
    pins = iter({secrets.randbelow(10**14) for _ in range(VOUCHERS + VOUCHERS // 100)})
    lines = [";".join(COLUMNS)]
    for number, pin in zip(range(VOUCHERS), pins, strict=False):
        offer = "sfr-500mo;500" if number % 3 else "sfr-15;1500"
        lines.append(f"{first + number:016d};{pin:014d};{offer};{use_by}")
    return "\n".join(lines).encode()
