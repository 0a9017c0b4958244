"""What is written before anything heavy is loaded: the lane's sign and word, drawn with escape codes alone.

Law: pure; imports nothing that takes time. It is the same picture that the console then draws, so nothing jumps.

Source: docs/console.md, "First picture".
"""

from __future__ import annotations

from ui.board import Board
from ui.lane_view import current
from ui.poster import poster
from ui.tongue import Tongue

FOOT_ROWS = 2
"""Signs and keys stand below."""


def first_picture(language: str, columns: int, rows: int) -> str:
    """The lane before the first answer, placed by escape codes."""
    laid = poster(current(Board(), None, Tongue.of(language)), columns, rows - FOOT_ROWS).rows
    top = max(1, (rows - FOOT_ROWS - len(laid)) // 2 + 1)
    return "".join(
        f"\x1b[{top + at};1H{row.rstrip().center(columns).rstrip()}" for at, row in enumerate(laid)
    )
