"""The colours of outcomes as a terminal shows them.

Law: colour never stands alone; whoever paints a text has put an icon or a word into it.

Source: docs/decisions.md, "Outcomes and reasons".
"""

from __future__ import annotations

import click

TERMINAL_COLOURS = {
    "green": "green",
    "amber": "yellow",
    "orange": "bright_yellow",
    "red": "red",
    "blue": "blue",
}


def paint(text: str, colour: str) -> str:
    """A text in a colour of `scanner.core.reasons`."""
    return click.style(text, fg=TERMINAL_COLOURS[colour])
