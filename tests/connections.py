"""Connections that tests borrow: to open one costs a hundred times what most of them ask of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

_SPARE_MAX = 12
_spare: list[tuple[str, str, psycopg.Connection[DictRow]]] = []


@contextmanager
def borrowed(url: str, *, options: str = "") -> Iterator[psycopg.Connection[DictRow]]:
    """Lend a connection with dictionaries as rows: committed, or rolled back if the block raises.

    Give the path of search and the like as `options`: what is set by a statement stays set for the
    next borrower, unless it was set in a transaction that is rolled back.
    """
    connection = _take(url, options)
    try:
        yield connection
    except BaseException:
        with suppress(psycopg.Error):
            connection.rollback()
        raise
    else:
        if not connection.closed:
            connection.commit()
    finally:
        is_idle = connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and not connection.autocommit:
            _spare.append((url, options, connection))
        else:
            connection.close()
        while len(_spare) > _SPARE_MAX:
            _spare.pop(0)[2].close()


def _take(url: str, options: str) -> psycopg.Connection[DictRow]:
    for each in reversed(_spare.copy()):
        if each[:2] == (url, options):
            try:
                _spare.remove(each)
            except ValueError:  # another thread was quicker
                continue
            if _answers(each[2]):
                return each[2]
    return psycopg.connect(url, row_factory=dict_row, options=options)


def _answers(connection: psycopg.Connection[DictRow]) -> bool:
    """Say whether its server is still there; a test may have ended it."""
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.OperationalError:
        connection.close()
        return False
    return True
