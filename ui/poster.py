"""One picture of the lane laid out for a size of screen: sign, word and lines, as large as they fit.

Law: pure. Whatever the size, the sign and the word are there; what does not fit is left out from the end of the lines,
never from the answer.

Source: docs/console.md, "Lane screen".
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from ui.big_letters import draw, spell
from ui.lane_view import LaneView

SIZES = ((4, 5), (3, 4), (2, 3), (2, 2), (1, 2), (1, 1))
"""(dots of a letter, dots of the sign) to a column, largest first."""
MARGIN_ROWS = 2
"""Left free above and below together, so that the sign stands by itself."""
TEXT_COLUMNS = 76
"""Lines longer than this are hard to read from a distance."""


@dataclass(frozen=True, slots=True)
class Poster:
    """``sign`` and ``word`` are drawn, ``lines`` and ``answers`` written; each line is to be centred."""

    sign: tuple[str, ...]
    word: tuple[str, ...]
    lines: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def rows(self) -> tuple[str, ...]:
        """Everything from top to bottom."""
        parts = [part for part in (self.sign, self.word, self.lines, self.answers) if part]
        return tuple(row for part in parts for row in (*part, ""))[:-1]


def poster(view: LaneView, width: int, height: int) -> Poster:
    """The largest layout that fits."""
    lines = _wrapped(view.lines, width)
    answers = ("     ".join(view.answers),) if view.answers else ()
    for word_scale, sign_scale in SIZES:
        sign, word = draw(view.icon, sign_scale), _word(view.word, word_scale, width)
        if sign is None or word is None or len(sign[0]) > width:
            continue
        found = Poster(sign, word, lines, answers)
        is_smallest = (word_scale, sign_scale) == SIZES[-1]
        if len(found.rows) <= height - (0 if is_smallest else MARGIN_ROWS):
            return found
    return _small(view, lines, answers, height)


def _small(view: LaneView, lines: tuple[str, ...], answers: tuple[str, ...], height: int) -> Poster:
    """Written, not drawn: for a window that is no gate's."""
    head = (f"{view.icon}  {view.word}  {view.icon}",)
    room = max(0, height - 2 - (2 if answers else 0))
    return Poster((), head, lines[:room], answers if height > 1 else ())


def _word(text: str, scale: int, width: int) -> tuple[str, ...] | None:
    """On one line where it fits, else one word a line; None where even that is too wide."""
    whole = spell(text, scale)
    if whole is None:
        return None
    if len(whole[0]) <= width:
        return whole
    parts = [spell(part, scale) for part in text.split()]
    drawn = [part for part in parts if part is not None]
    if any(len(part[0]) > width for part in drawn):
        return None
    widest = max(len(part[0]) for part in drawn)
    return tuple(row.center(widest) for part in drawn for row in part)


def _wrapped(lines: tuple[str, ...], width: int) -> tuple[str, ...]:
    room = max(10, min(width - 2, TEXT_COLUMNS))
    return tuple(part for line in lines for part in textwrap.wrap(line, room) or [""])
