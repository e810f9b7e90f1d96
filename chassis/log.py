"""One JSON line per event on standard error; never a name, a number or a PIN."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

# PostgreSQL quotes the whole row that broke a constraint, with the names of people in it.
_ROW_QUOTED = re.compile(r"^DETAIL:.*$", re.MULTILINE)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Write a record as one JSON object; `extra=` fields stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        cleaned = {k: _without_rows(v) for k, v in line.items()}
        return json.dumps(cleaned, ensure_ascii=False, default=str)


def _without_rows(value: object) -> object:
    if isinstance(value, BaseException):
        value = str(value)
    return _ROW_QUOTED.sub("DETAIL: (not logged)", value) if isinstance(value, str) else value


def set_up(*, level: str) -> None:
    """Send every log record of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A refused command is an answer, not an incident: nameko would log it with its traceback.
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)
    for chatty in ("nameko", "amqp", "kombu", "eventlet.wsgi"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
