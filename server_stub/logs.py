"""JSON log lines on stderr, one object a line.

Law: never a payload, a whole key, a person's name or address, or a secret. Requests are not logged one by one: what
they did is in the database, what went wrong is logged where it did.

Source: docs/operations.md, "Logs".
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {
    "message",
    "taskName",
}


class JsonFormatter(logging.Formatter):
    """One JSON object a record: ``at`` (ISO 8601 UTC), ``level``, ``from``, ``message`` and the record's extras."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging(level: str = "INFO") -> None:
    """Send everything to stderr as JSON."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[output], force=True)
