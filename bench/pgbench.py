"""Runs PostgreSQL's own pgbench and reads what it says."""

import re
import shutil
import statistics
import subprocess
import tempfile
from glob import glob
from pathlib import Path

from bench.world import PEER, PEOPLE, SITES, TILLS_PER_SITE

SELL = f"""
\\set till random(1, {SITES * TILLS_PER_SITE})
\\set person random(1, {PEOPLE})
SELECT sell(gen_random_uuid()::text, call_till.till_id, call_person.person_ref)
  FROM call_till, call_person WHERE call_till.n = :till AND call_person.n = :person;
"""
_TPS = re.compile(r"tps = ([0-9.]+)")
TPCB_SCALE = 20


def program() -> str:
    """Find pgbench, which Debian keeps beside the server."""
    places = [shutil.which("pgbench"), *sorted(glob("/usr/lib/postgresql/*/bin/pgbench"))]
    return next(place for place in reversed(places) if place)


def prepare_tpcb(url: str) -> None:
    """Fill pgbench's own tables."""
    command = [program(), "-i", "-q", "-s", str(TPCB_SCALE), url]
    subprocess.run(command, check=True, capture_output=True)


def tpcb_per_second(url: str, *, clients: int, seconds: int) -> float:
    """Return the rate of pgbench's own TPC-B."""
    return _rate([url], clients=clients, seconds=seconds, schema="public")


def sales_per_second(url: str, *, clients: int, seconds: int) -> float:
    """Return the rate of the peer's function."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "sell.sql"
        script.write_text(SELL, encoding="utf-8")
        return _rate(["-f", str(script), url], clients=clients, seconds=seconds, schema=PEER)


def sale_median_ms(url: str, *, seconds: int) -> float:
    """Return the median latency of the peer's function with one client."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "sell.sql"
        script.write_text(SELL, encoding="utf-8")
        log = ["-l", "--log-prefix", f"{folder}/log"]
        _rate([*log, "-f", str(script), url], clients=1, seconds=seconds, schema=PEER)
        taken_us = [
            int(line.split()[2])
            for path in glob(f"{folder}/log.*")
            for line in Path(path).read_text(encoding="utf-8").splitlines()
        ]
    return statistics.median(taken_us) / 1_000


def _rate(words: list[str], *, clients: int, seconds: int, schema: str) -> float:
    command = [program(), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(2, clients))]
    done = subprocess.run(
        [*command, "-T", str(seconds), *words],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PGOPTIONS": f"-c search_path={schema},public"},
    )
    found = _TPS.search(done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said no rate: {done.stdout}")
    return float(found[1])
