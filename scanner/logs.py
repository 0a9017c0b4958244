"""JSON log lines on stderr, one object a line, for journald and for people with ``jq``.

Law: never a payload, a whole key, a person's name or a secret. A doubt is logged once when it begins and once when it
ends (`OnceLog`), not thirty times a second. stdlib logging only: a gate must start fast.

Source: docs/operations.md, "Logs".
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from scanner.core.errors import GateError

PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (0, 7),
)
"""Our levels, downwards, and syslog's numbers (sd-daemon(3))."""

_STANDARD = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {
    "message",
    "taskName",
}


class JsonFormatter(logging.Formatter):
    """One JSON object a record: ``at`` (ISO 8601 UTC), ``level``, ``from``, ``message`` and the record's extras."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

    converter = staticmethod(time.gmtime)
    """Logs are in UTC: a gate's own zone may be wrong."""


class JournalFormatter(JsonFormatter):
    """The same behind the priority that journald takes off again, so that ``journalctl -p warning`` finds it."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next(number for level, number in PRIORITIES if record.levelno >= level)
        return f"<{priority}>{super().format(record)}"


def leads_to_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """True when journald reads this stream: it says so by the device and inode of what it reads."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def start_logging(level: str = "INFO") -> None:
    """Send everything to stderr as JSON, also warnings and what ends a thread."""
    output = logging.StreamHandler(sys.stderr)
    is_journal = leads_to_journal(sys.stderr)
    output.setFormatter(JournalFormatter() if is_journal else JsonFormatter())
    logging.basicConfig(level=level, handlers=[output], force=True)
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended


def _thread_ended(end: threading.ExceptHookArgs) -> None:
    name = None if end.thread is None else end.thread.name
    what = (end.exc_type, end.exc_value or end.exc_type(), end.exc_traceback)
    logging.getLogger("portillon").error("thread %r ended by a fault", name, exc_info=what)


class OnceLog:
    """Logs a doubt when it begins and when it ends, however often it is reported in between."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._open: set[str] = set()
        self._heard: set[str] = set()

    def doubt(self, error: GateError) -> bool:
        """Report a fault; True when it is news."""
        self._heard.add(error.code)
        if error.code in self._open:
            return False
        self._open.add(error.code)
        self._logger.warning(error.message, extra={"code": error.code, "hint": error.hint})
        return True

    def settled(self, code: str) -> bool:
        """Report that the fault is over; True when that is news."""
        if code not in self._open:
            return False
        self._open.remove(code)
        self._logger.info("over: %s", code, extra={"code": code})
        return True

    @contextmanager
    def looked_at_anew(self) -> Iterator[None]:
        """All that these doubts are about is looked at within: what is not reported again is over."""
        self._heard.clear()
        yield
        for code in sorted(self._open - self._heard):
            self.settled(code)

    def all_settled(self) -> None:
        """What these doubts were about works."""
        for code in self.open_codes:
            self.settled(code)

    @property
    def open_codes(self) -> tuple[str, ...]:
        """Faults that are not over, in alphabetical order."""
        return tuple(sorted(self._open))
