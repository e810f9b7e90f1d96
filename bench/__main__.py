"""`make bench`: measures, prints a table, writes `.local-bench/bench.json`."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import LiteralString

import psycopg
from rich.console import Console
from rich.table import Table

from bench import counts, facts, imports, pgbench, tills, volume, world
from bench.world import PEER, World
from deploy.local.home import ROOT

ROUNDS = int(os.environ.get("RELAIS_BENCH_ROUNDS", "5"))
SALES = 3_000
CONNECTIONS = 64
PEER_CLIENTS = 16
PEER_SECONDS = 3
FACTS = 10_000
SINGLE_SALES = 400
#: How many vouchers the volume figure has sold before; ten million take some minutes to write.
SOLD = int(os.environ.get("RELAIS_BENCH_SOLD", "10000000"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One ratio over the rounds of one run, with what it was made of."""

    name: str
    aim: str
    median: float
    minimum: float
    rounds: list[dict[str, float]]


def main() -> None:
    """Run every figure in turn and show what came of it."""
    if ROUNDS < 1:
        sys.exit("RELAIS_BENCH_ROUNDS must be at least 1")
    with world.running() as made:
        url = made.stack.database_url
        say("filling pgbench's own tables")
        pgbench.prepare_tpcb(url)
        with made.connect("recharges") as connection:
            tills.sell(made, count=500, connections=CONNECTIONS)  # warm
            counts.await_heard(connection, _none(), facts=counts.read(connection).told)
            # The lone till before the facts: their peer leaves twenty thousand messages for the
            # broker to clear away, beside which pgbench's one client would have a core to itself.
            figures = [*_sales(made, connection), _latency(made, connection)]
            figures.append(_facts(made, connection))
            proof = asdict(counts.read(connection))
            figures += _imports(made, connection)
            figures.append(_volume(made, connection))
        with made.connect(PEER) as connection:
            proof["peer_sales"] = _scalar(connection, "SELECT count(*) FROM sale")
    _show(figures, proof)


def _sales(made: World, connection: psycopg.Connection) -> list[Figure]:
    """Sales per second to the last hearer's commit, over the peer's function and over TPC-B."""
    url = made.stack.database_url

    def ours() -> float:
        before = counts.read(connection)
        started = time.perf_counter()
        tills.sell(made, count=SALES, connections=CONNECTIONS)
        counts.await_heard(connection, before, facts=SALES)
        seconds = time.perf_counter() - started
        counts.require(before, counts.read(connection), sales=SALES)
        return SALES / seconds

    rounds = _rounds(
        "sales",
        {
            "relais": ours,
            "function": lambda: pgbench.sales_per_second(
                url, clients=PEER_CLIENTS, seconds=PEER_SECONDS
            ),
            "tpcb": lambda: pgbench.tpcb_per_second(
                url, clients=PEER_CLIENTS, seconds=PEER_SECONDS
            ),
        },
    )
    return [
        _figure("sales/s over one SQL function a sale", "≥ 0.15", rounds, "relais", "function"),
        _figure("sales/s over pgbench TPC-B", "≥ 0.3", rounds, "relais", "tpcb"),
    ]


def _facts(made: World, connection: psycopg.Connection) -> Figure:
    rounds = _rounds(
        "facts",
        {
            "relais": lambda: facts.told_per_second(connection, facts=FACTS),
            "amqp": lambda: facts.peer_per_second(made, facts=FACTS),
        },
    )
    return _figure("facts/s over bare py-amqp", "≥ 0.4", rounds, "relais", "amqp")


def _latency(made: World, connection: psycopg.Connection) -> Figure:
    url = made.stack.database_url

    def ours() -> float:
        before = counts.read(connection)
        sold = tills.sell(made, count=SINGLE_SALES, connections=1)
        counts.await_heard(connection, before, facts=SINGLE_SALES)
        return 1_000 * statistics.median(sold.latencies_s)

    rounds = _rounds(
        "latency",
        {"relais": ours, "function": lambda: pgbench.sale_median_ms(url, seconds=2)},
    )
    return _figure("median ms of one till over pgbench's", "≤ 8", rounds, "relais", "function")


def _imports(made: World, connection: psycopg.Connection) -> list[Figure]:
    """Vouchers per second of an import over the rows per second of a bare COPY of its rows."""
    bench = imports.Imports(made, connection)
    rounds = _rounds(
        "imports",
        {
            "relais": bench.ours_per_second,
            "copy": lambda: bench.copied_per_second("like_voucher"),
            "bare": lambda: bench.copied_per_second("bare_voucher"),
        },
    )
    name = f"import of {imports.VOUCHERS:,} over COPY into"
    return [
        _figure(f"{name} such a table", "≥ 0.3", rounds, "relais", "copy"),
        _figure(f"{name} one without constraints", "-", rounds, "relais", "bare"),
    ]


def _volume(made: World, connection: psycopg.Connection) -> Figure:
    """A sale's cost with many vouchers sold over its cost early on, each over the peer's."""
    url = made.stack.database_url
    measures = {
        "relais": lambda: volume.median_ms(made),
        "function": lambda: pgbench.sale_median_ms(url, seconds=2),
    }
    volume.grow(connection, until=volume.EARLY, say=say)
    early = _rounds("volume, early", measures)
    volume.grow(connection, until=SOLD, say=say)
    late = _rounds("volume, late", measures)
    ratios = [
        (after["relais"] / after["function"]) / (before["relais"] / before["function"])
        for before, after in zip(early, late, strict=True)
    ]
    return Figure(
        name=f"ms of a sale with {SOLD:,} vouchers sold over {volume.EARLY:,}",
        aim="≤ 1.25",
        median=round(statistics.median(ratios), 3),
        minimum=round(min(ratios), 3),
        rounds=[*early, *late],
    )


def _rounds(name: str, measures: dict[str, Callable[[], float]]) -> list[dict[str, float]]:
    """Measure in turn, A-B-A-B, so that a noisy minute falls on both."""
    found = []
    for number in range(1, ROUNDS + 1):
        found.append({each: round(measure(), 3) for each, measure in measures.items()})
        say(f"{name}, round {number} of {ROUNDS}: {found[-1]}")
    return found


def _figure(name: str, aim: str, rounds: list[dict[str, float]], ours: str, peer: str) -> Figure:
    ratios = [each[ours] / each[peer] for each in rounds]
    return Figure(
        name=name,
        aim=aim,
        median=round(statistics.median(ratios), 3),
        minimum=round(min(ratios), 3),
        rounds=rounds,
    )


def _none() -> counts.Counts:
    return counts.Counts(**dict.fromkeys(counts.Counts.__dataclass_fields__, 0))


def _scalar(connection: psycopg.Connection, query: LiteralString) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _show(figures: list[Figure], proof: dict[str, int]) -> None:
    path = ROOT / ".local-bench" / "bench.json"
    path.write_text(
        json.dumps(
            {"figures": [asdict(figure) for figure in figures], "counts": proof},
            ensure_ascii=False,
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    table = Table(title=f"Ratios over {ROUNDS} rounds", title_justify="left")
    for column in ("figure", "median", "minimum", "aim"):
        table.add_column(column)
    for figure in figures:
        table.add_row(figure.name, f"{figure.median:.3f}", f"{figure.minimum:.3f}", figure.aim)
    console = Console()
    console.print(table)
    console.print(f"counted afterwards: {proof}")


def say(words: str) -> None:
    """Show progress."""
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    main()
