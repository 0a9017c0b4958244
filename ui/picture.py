"""The camera's picture as half blocks of a terminal, with the outline of the code that was read.

Law: pure. A picture comes small and grey from the gate; whatever is wrong with it gives an empty one, never a fault.

Source: docs/console.md, "Hardware".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style

OUTLINE = ColorTriplet(255, 214, 0)
"""Of the code's outline: yellow stands out of any grey, and the line is also brighter than what is under it."""


class Picture(NamedTuple):
    """Grey levels, row by row."""

    width: int
    height: int
    levels: bytes
    outlines: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Corners in shares of width and height."""


NOTHING = Picture(0, 0, b"")


def parse_picture(reply: Mapping[str, Any] | None) -> Picture:
    """The picture of a ``camera`` reply; `NOTHING` where it has none that can be drawn."""
    found: Any = (reply or {}).get("picture")
    try:
        width, height = int(found["width"]), int(found["height"])
        levels = base64.b64decode(found["grey"], validate=True)
        outlines = tuple(
            tuple((float(x), float(y)) for x, y in corners) for corners in found["outlines"]
        )
    except (TypeError, KeyError, ValueError, binascii.Error):
        return NOTHING
    is_whole = width > 0 and height > 0 and len(levels) == width * height
    return Picture(width, height, levels, outlines) if is_whole else NOTHING


def lines_of(picture: Picture, width: int, height: int) -> list[list[Segment]]:
    """The picture on ``width`` columns and at most ``height`` lines, two dots a cell, its shape kept."""
    if picture is NOTHING or width < 1 or height < 1:
        return []
    rows = min(2 * height, max(2, round(width * picture.height / picture.width)))
    columns = min(width, max(1, round(rows * picture.width / picture.height)))
    dots = [[_level(picture, x, y, columns, rows) for x in range(columns)] for y in range(rows)]
    drawn = set(_outline_dots(picture.outlines, columns, rows))
    return [list(_line(dots, drawn, y, columns)) for y in range(0, rows - rows % 2, 2)]


def _level(picture: Picture, x: int, y: int, columns: int, rows: int) -> int:
    across, down = x * picture.width // columns, y * picture.height // rows
    return picture.levels[down * picture.width + across]


def _line(
    dots: Sequence[Sequence[int]], drawn: set[tuple[int, int]], y: int, columns: int
) -> Iterator[Segment]:
    for x in range(columns):
        upper = OUTLINE if (x, y) in drawn else _grey(dots[y][x])
        lower = OUTLINE if (x, y + 1) in drawn else _grey(dots[y + 1][x])
        yield Segment(
            "▀", Style(color=Color.from_triplet(upper), bgcolor=Color.from_triplet(lower))
        )


def _grey(level: int) -> ColorTriplet:
    return ColorTriplet(level, level, level)


def _outline_dots(
    outlines: Sequence[Sequence[tuple[float, float]]], columns: int, rows: int
) -> Iterator[tuple[int, int]]:
    for corners in outlines:
        for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], *corners[:1]], strict=False):
            steps = max(2, round(max(abs(x1 - x0) * columns, abs(y1 - y0) * rows)) + 1)
            for step in range(steps + 1):
                share = step / steps
                x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
                yield (
                    min(columns - 1, max(0, int(x * columns))),
                    min(rows - 1, max(0, int(y * rows))),
                )
