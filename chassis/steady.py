"""A connection for few statements that are run without end: what is asked together is sent at once.

psycopg makes a cursor for each statement, sends each as it comes, even in its pipelines, and looks
after each whether something has arrived; for a batch of sales that was a third of the work.  Here a
pipeline is one message there and one back, and a statement is prepared when it is first seen.
Values are written and rows are read by psycopg's own adapters, and errors are its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg import OperationalError, errors, pq
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.waiting import Wait

from chassis.green import GreenConnection

Row = dict[str, Any]
Values = Sequence[Any] | Mapping[str, Any] | None
#: A statement as PostgreSQL reads it, and the types of its values, by their numbers.
_Shape = tuple[bytes, tuple[int, ...]]

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(s)|%)")
_FAILED, _SYNC = pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_SYNC
_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_IDLE, _LOST = pq.TransactionStatus.IDLE, pq.ConnStatus.BAD


class Rows:
    """What a statement gave: of a cursor, the part that handlers use."""

    def __init__(self, connection: "SteadyConnection") -> None:
        self._connection = connection
        self._result: pq.abc.PGresult | None = None
        self._left: Iterator[Row] | None = None

    def arrive(self, result: pq.abc.PGresult) -> None:
        """Take what PostgreSQL answered."""
        self._result = result

    @property
    def rowcount(self) -> int:
        """How many rows were read or changed."""
        return self._arrived().command_tuples or 0

    def fetchall(self) -> list[Row]:
        """Return the rows that have not been fetched yet."""
        return list(self)

    def fetchone(self) -> Row | None:
        """Return the next row, or None after the last."""
        return next(iter(self), None)

    def __iter__(self) -> Iterator[Row]:
        if self._left is None:
            self._left = iter(self._connection.read(self._arrived()))
        return self._left

    def _arrived(self) -> pq.abc.PGresult:
        if self._result is None:
            self._connection.send()
        assert self._result is not None  # noqa: S101  # sent, and nothing was raised
        return self._result


@dataclass(frozen=True, slots=True)
class _Asked:
    shape: _Shape
    values: Sequence[Any]
    formats: Sequence[int]
    rows: Rows


class SteadyConnection(GreenConnection):
    """Prepares every statement; what a pipeline asks goes out as one message."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._adapter = Transformer(self)
        self._names: dict[_Shape, bytes] = {}
        self._named = 0
        self._gathers = False
        self._asked: list[_Asked] = []

    def execute(  # type: ignore[override]  # Rows is as much of a cursor as is needed
        self, query: str, params: Values = None
    ) -> Rows:
        """Run a statement; in a pipeline, at its end or when its rows are asked for."""
        if not self._asked and not self.autocommit and self.pgconn.transaction_status == _IDLE:
            self._ask("BEGIN", None)
        rows = self._ask(query, params)
        if not self._gathers:
            self.send()
        return rows

    @contextmanager
    def pipeline(self) -> Iterator[None]:  # type: ignore[override]
        """Send together, at the end, what is executed inside; nothing more when it raises."""
        self._gathers = True
        try:
            yield
        except BaseException:
            self._asked.clear()
            raise
        finally:
            self._gathers = False
        self.send()

    def send(self) -> None:
        """Send what was asked and wait for every answer; raise the first that is an error."""
        asked, self._asked = self._asked, []
        if not asked:
            return
        try:
            awaited = self._write(asked)
            results = self.wait(_exchange(self.pgconn))
            self.pgconn.exit_pipeline_mode()
        except BaseException:
            self.close()  # what is still on the line would be taken for another's answer
            raise
        failed = None
        for result, what in zip(results, awaited, strict=True):
            if result.status in (_FAILED, _ABORTED):
                failed = failed or result
                if not isinstance(what, Rows):
                    del self._names[what]
            elif isinstance(what, Rows):
                what.arrive(result)
        if failed is not None:
            raise errors.error_from_result(failed, self.info.encoding)

    def read(self, result: pq.abc.PGresult) -> list[Row]:
        """Read the rows of an answer."""
        names = [(result.fname(place) or b"").decode() for place in range(result.nfields)]
        self._adapter.set_pgresult(result)
        return self._adapter.load_rows(
            0, result.ntuples, lambda values: dict(zip(names, values, strict=True))
        )

    def _ask(self, query: str, params: Values) -> Rows:
        text, names = _numbered(query) if params is not None else (query.encode(), ())
        values = [params[name] for name in names] if isinstance(params, Mapping) else params or ()
        adapter, rows = self._adapter, Rows(self)
        written = adapter.dump_sequence(values, [PyFormat.AUTO] * len(values))
        shape = text, tuple(adapter.types or ())
        self._asked.append(_Asked(shape, written, adapter.formats or (), rows))
        return rows

    def _write(self, asked: Sequence[_Asked]) -> list[Rows | _Shape]:
        """Queue what is asked; return what each answer will be about."""
        line, awaited = self.pgconn, list[Rows | _Shape]()
        line.enter_pipeline_mode()
        for each in asked:
            name = self._names.get(each.shape)
            if name is None:
                self._named += 1
                name = self._names[each.shape] = b"steady_%d" % self._named
                line.send_prepare(name, *each.shape)
                awaited.append(each.shape)
            line.send_query_prepared(name, each.values, each.formats)
            awaited.append(each.rows)
        line.pipeline_sync()
        return awaited


def _exchange(line: pq.abc.PGconn) -> PQGen[list[pq.abc.PGresult]]:
    """Send what is queued and read one answer to each, as far as the end of the pipeline."""
    while line.flush():  # the server's answers may have to be read before it reads on
        yield Wait.RW
        line.consume_input()
    results: list[pq.abc.PGresult] = []
    while True:
        while line.is_busy():
            yield Wait.R
            line.consume_input()
        result = line.get_result()
        if result is None:
            if line.status == _LOST:
                raise OperationalError(line.get_error_message())
        elif result.status == _SYNC:
            return results
        else:
            results.append(result)


@lru_cache(maxsize=500)
def _numbered(query: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a statement with its placeholders numbered, and the names they had, if any."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name, plain = found.groups()
        if name is None and plain is None:
            return "%"
        return f"${numbers.setdefault(name or f'{len(numbers)}', len(numbers) + 1)}"

    return _PLACEHOLDER.sub(number, query).encode(), tuple(numbers)
