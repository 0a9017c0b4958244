"""What the Log tab shows: the gate's newest log lines, worst first to the eye.

Law: pure. Messages stay as they were logged, in English, so that they can be looked up and sent on.

Source: docs/console.md, "Log"; docs/operations.md, "Logs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ui.board import Board
from ui.tongue import Tongue

TONES = {"warning": "doubt", "error": "bad", "critical": "bad"}
LEVELS = ("all", "warning")


class LogRow(NamedTuple):
    """One line of the log."""

    tone: str
    text: str


def rows(board: Board, tongue: Tongue, seek: str = "", level: str = "all") -> tuple[LogRow, ...]:
    """The lines that hold what is sought, oldest first."""
    found = board.at("log", "lines") or ()
    shown = [line for line in found if level == "all" or line.get("level") in TONES]
    wanted = seek.casefold()
    return tuple(r for r in (_row(line, tongue) for line in shown) if wanted in r.text.casefold())


def _row(line: Mapping[str, Any], tongue: Tongue) -> LogRow:
    tone = TONES.get(str(line.get("level")), "plain")
    code = f" [{line['code']}]" if line.get("code") else ""
    at = tongue.time(line["at_ms"]) if line.get("at_ms") else ""
    level = str(line.get("level") or "")
    level = tongue.say(f"level_{level}") if tongue.knows(f"level_{level}") else level.upper()
    return LogRow(tone, f"{at} {level:<10} {line.get('from', '')}: {line.get('message', '')}{code}")
