"""The camera's picture in a box of the terminal.

Law: composes `ui.picture`; without a picture it says so.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ui.gate_line import Reply
from ui.picture import NOTHING, Picture, lines_of, parse_picture

WITHOUT_ROWS = 3
"""For the words in a picture's place."""


class PictureBox(Widget):
    """Draws one picture, as large as it fits."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._picture: Picture = NOTHING
        self._without = ""
        self._strips: list[list[Segment]] = []

    def show(self, reply: Reply, without: str) -> None:
        """Draw the picture of a ``camera`` reply; ``without``: the words in its place."""
        self._without = without
        self._picture = parse_picture(reply)
        self._lay_out()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as the picture is at this width."""
        del viewport
        return len(lines_of(self._picture, width, container.height)) or WITHOUT_ROWS

    def on_resize(self) -> None:
        """Another size: lay it out anew."""
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        """See `Widget.render_line`."""
        if not self._strips and y == self.size.height // 2:
            return Strip([Segment(self._without.center(self.size.width))])
        segments = self._strips[y] if y < len(self._strips) else []
        return Strip(segments).adjust_cell_length(self.size.width)

    def _lay_out(self) -> None:
        before = len(self._strips)
        self._strips = lines_of(self._picture, self.size.width, self.size.height)
        self.refresh(layout=len(self._strips) != before)
