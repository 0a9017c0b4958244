"""Plots for a terminal: a line of bars for a series of numbers, a bar for a share.

Law: pure. As many columns as asked for, whatever the numbers; a gap where nothing was known.

Source: docs/console.md, "Console".
"""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
EMPTY = " "
FULL, REST = "█", "░"


def bars(values: Sequence[float | None], width: int, rows: int = 1) -> tuple[str, ...]:
    """The newest ``width`` values, oldest first, on ``rows`` lines; from zero, or from the least below it."""
    shown: list[float | None] = [None] * max(0, width - len(values))
    shown += list(values)[-width:] if width > 0 else []
    known = [value for value in shown if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    span = (high - low) or 1.0
    levels = [None if v is None else round((v - low) / span * (rows * 8 - 1)) for v in shown]
    return tuple("".join(_cell(level, row) for level in levels) for row in reversed(range(rows)))


def _cell(level: int | None, row: int) -> str:
    if level is None or level < row * 8:
        return EMPTY
    return BARS[min(level - row * 8, 7)]


def gauge(share: float, width: int) -> str:
    """A bar that is filled to ``share`` (0 to 1)."""
    filled = round(min(1.0, max(0.0, share)) * width)
    return FULL * filled + REST * (width - filled)
