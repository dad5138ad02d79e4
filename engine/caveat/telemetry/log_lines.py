"""How logs are written where nobody else says so: one JSON object a line, or a line of words, on standard error.

Rule 1: only what Caveat itself put into a record is written: no exception, no traceback, no argument of anybody. Of the record
of another library, should a handler be given one, the words are left out.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from caveat.telemetry.logs import FIELDS

SCHEMA = "caveat.log/1"
LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object, `caveat.log/1`; for the handlers of whoever uses Caveat as a library too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        return json.dumps({"schema": SCHEMA, **_head(record), "message": _message(record), **_fields(record)})


class Words(logging.Formatter):
    """Writes a record as a line for a person."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        head = _head(record)
        told = "".join(f" {name}={value}" for name, value in _fields(record).items() if value is not None and name != "event")
        return f"{head['time']} {head['level']} {head['logger']}: {_message(record)}{told}"


def _head(record: logging.LogRecord) -> dict[str, str]:
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"time": time, "level": record.levelname.lower(), "logger": record.name}


def _message(record: logging.LogRecord) -> str:
    return str(record.msg) if hasattr(record, FIELDS) else "a record of another library, whose words are left out"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return dict(getattr(record, FIELDS, {}))


@contextmanager
def written(form: type[logging.Formatter], level: int) -> Iterator[None]:
    """Write the logs of Caveat on standard error as long as the context lasts."""
    logger, handler = logging.getLogger("caveat"), logging.StreamHandler(sys.stderr)
    before = logger.level, logger.propagate
    handler.setFormatter(form())
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.setLevel(before[0])
        logger.propagate = before[1]
