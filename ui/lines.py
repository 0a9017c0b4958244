"""A line of a screen as a value: a mark, a label, a text, and what kind of news it is.

Law: pure. Colour never stands alone: each tone has a mark of its own, which is drawn beside the colour.

Source: docs/console.md, "Console".
"""

from __future__ import annotations

from dataclasses import dataclass

MARKS = {"good": "✔", "doubt": "!", "bad": "✖", "plain": " ", "title": "▌"}
"""A tone's mark; two tones never share one."""


@dataclass(frozen=True, slots=True)
class Line:
    """``tone``: one of `MARKS`."""

    label: str
    text: str = ""
    tone: str = "plain"

    @property
    def mark(self) -> str:
        """What says the tone without colour."""
        return MARKS[self.tone]


Lines = tuple[Line, ...]


def title(text: str) -> Line:
    """A heading."""
    return Line(text, tone="title")


def plain_text(lines: Lines) -> str:
    """All of it as a person reads it aloud: for tests and for the clipboard."""
    return "\n".join(f"{line.mark} {line.label} {line.text}".rstrip() for line in lines)
