"""The gate's newest log lines, kept for whoever looks.

Law: bounded; adds nothing to a line and takes nothing from it but its trace.

Source: docs/operations.md, "Logs".
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

from scanner.control import Reply

LINES_KEPT = 300
MESSAGE_CHARACTERS = 500


class LogRing(logging.Handler):
    """A handler that remembers."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[dict[str, Any]] = deque(maxlen=LINES_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        code = getattr(record, "code", None)
        self._lines.append(
            {
                "at_ms": int(record.created * 1000),
                "level": record.levelname.lower(),
                "from": record.name,
                "message": record.getMessage()[:MESSAGE_CHARACTERS],
            }
            | ({"code": str(code)} if code else {})
        )

    def tell(self) -> Reply:
        """The reply to ``{"do": "log"}``: oldest first."""
        return {"lines": list(self._lines)}
