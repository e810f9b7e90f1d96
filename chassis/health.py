"""Whether a process lives and whether it can serve."""

import json

import psycopg
import psycopg_pool
from werkzeug.wrappers import Response

from chassis.db import Database


def alive() -> Response:
    """Say that the process runs and its hub turns."""
    return _answer(200, {"status": "alive"})


def ready(database: Database) -> Response:
    """Say whether the service can do its work: PostgreSQL alone decides, the broker may be away."""
    try:
        database.check()
    except (psycopg.Error, psycopg_pool.PoolTimeout):
        return _answer(503, {"status": "not ready", "database": "unreachable"})
    return _answer(200, {"status": "ready", "database": "reachable"})


def _answer(status: int, body: dict[str, str]) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")
