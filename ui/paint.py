"""Values of the screens as text with colours.

Law: composes, decides nothing. A tone is painted beside its mark or word, never in place of it.

Source: docs/console.md.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from rich.text import Text

from ui.lines import Lines
from ui.plot import FULL
from ui.poster import Poster
from ui.tongue import Tongue

STYLES = {
    "good": "#7ddc8f",
    "doubt": "#ffd54a",
    "bad": "bold #ff8a80",
    "plain": "",
    "title": "bold #9ecbff",
    "green": "#7ddc8f",
    "amber": "#ffd54a",
    "orange": "#ffab70",
    "red": "#ff8a80",
    "blue": "#9ecbff",
    "dim": "#a0a0a0",
}
"""Each readable on the dark ground of the console."""

SIGN_STYLES = {
    "✔": "good",
    "★": "good",
    "!": "doubt",
    "?": "amber",
    "▲": "doubt",
    "✖": "bad",
    "⚠": "bad",
}
"""What a line's first sign says."""
ROW_SIGNS = ("✖", "⚠", "★", "✔")
"""What colours a whole row of an explanation, worst first; a question mark ends any question."""
GAP = "   "
LEAST_COLUMNS = 16
"""However narrow the screen is, a word has to stand somewhere."""


def painted(lines: Lines, width: int, label_columns: int = 22) -> Text:
    """Lines as mark, label and text, under each other; a long text goes on under its own beginning.

    What is well has only its mark in colour, so that the eye falls on the rest.
    """
    text = Text(no_wrap=True, end="")
    for line in lines:
        style = STYLES[line.tone]
        if line.tone == "title":
            text.append(f"{chr(10) if text.plain else ''}{line.mark} {line.label}\n", style)
            continue
        is_quiet = line.tone in {"plain", "good"} and FULL not in line.text
        words = "" if is_quiet else style
        text.append(f"{line.mark} ", style)
        if not line.text:
            text.append(f"{_hanging(line.label, width, 2)}\n", words)
            continue
        text.append(f"{line.label:<{label_columns}} ", words)
        text.append(f"{_hanging(line.text, width, label_columns + 3)}\n", words)
    text.rstrip()
    return text


def _hanging(text: str, width: int, before: int) -> str:
    """The text on as many rows as it needs, each begun where the first one does; drawn bars are no words."""
    room = max(LEAST_COLUMNS, width - before)
    if len(text) <= room or text.isspace():
        return text
    rows = textwrap.wrap(text, room, drop_whitespace=True)
    return f"\n{' ' * before}".join(rows)


def painted_signs(signs: Iterable[str], width: int) -> Text:
    """The small signs, each in its colour and whole, on as few rows as they need."""
    text, used = Text(no_wrap=True, end=""), 0
    for sign in signs:
        if used and used + len(GAP) + len(sign) > width:
            text.append("\n")
            used = 0
        gap = GAP if used else ""
        text.append(gap)
        text.append(sign, STYLES[SIGN_STYLES.get(sign[0], "plain")])
        used += len(gap) + len(sign)
    return text


def painted_hints(hints: Iterable[tuple[str, str]], tongue: Tongue, width: int) -> Text:
    """Keys and what they do, in one row; what does not fit is told by F1."""
    text = Text(no_wrap=True)
    for pressed, name in hints:
        key = tongue.key(pressed)
        told = f"{key} {tongue.say(name)}{GAP}"
        if len(text) + len(told) - len(GAP) <= width:
            text.append(key, "bold #e8eaed")
            text.append(told[len(key) :])
    return text


def painted_words(rows: Iterable[str]) -> Text:
    """An explanation: each line by the sign that it holds."""
    text = Text()
    for row in rows:
        found = next((SIGN_STYLES[sign] for sign in ROW_SIGNS if f"{sign} " in row), "plain")
        text.append(f"{row}\n", STYLES[found])
    return text


def painted_poster(laid: Poster, width: int) -> Text:
    """A poster, each line in the middle; the colour is the screen's."""
    rows = (row.center(width).replace(" ", "\N{NO-BREAK SPACE}") for row in laid.rows)
    return Text("\n".join(rows), no_wrap=True, end="")
