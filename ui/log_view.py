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
OURS = "portillon."
PART_COLUMNS = 8


class LogRow(NamedTuple):
    """One line of the log; ``about``: all of it, with its date."""

    tone: str
    text: str
    about: str


def rows(board: Board, tongue: Tongue, seek: str = "", level: str = "all") -> tuple[LogRow, ...]:
    """The lines that hold what is sought, oldest first."""
    found = board.at("log", "lines") or ()
    shown = [line for line in found if level == "all" or line.get("level") in TONES]
    wanted = seek.casefold()
    return tuple(r for r in (_row(line, tongue) for line in shown) if wanted in r.text.casefold())


def caption(found: tuple[LogRow, ...], seek: str, level: str, tongue: Tongue) -> str:
    """What the list shows, in a sentence."""
    of = tongue.say(f"log_{level}")
    sought = f"“{seek}”" if seek else "—"
    return tongue.say("log_caption", count=tongue.number(len(found)), level=of, seek=sought)


def cut(text: str, width: int) -> str:
    """On one row; all of it is told below the list."""
    return text if len(text) <= width else f"{text[: max(1, width - 1)]}…"


def _row(line: Mapping[str, Any], tongue: Tongue) -> LogRow:
    tone = TONES.get(str(line.get("level")), "plain")
    code = f" [{line['code']}]" if line.get("code") else ""
    at = line.get("at_ms")
    level = str(line.get("level") or "")
    level = tongue.say(f"level_{level}") if tongue.knows(f"level_{level}") else level.upper()
    told = f"{line.get('message', '')}{code}"
    part = str(line.get("from", "")).removeprefix(OURS)
    when = tongue.time(at) if at else ""
    full = f"{tongue.date_time(at) if at else ''}  {line.get('from', '')}  {told}"
    return LogRow(tone, f"{when}  {level:<9} {part:<{PART_COLUMNS}} {told}", full)
