"""The lane as a pane: the poster of the newest answer over the whole of it, in the answer's colour.

Law: compose only; what is shown is a function of the board and of the notice that is being shown.

Source: docs/console.md, "Lane screen".
"""

from __future__ import annotations

from textual.app import ComposeResult

from ui.board import Board, Reply
from ui.lane_view import LaneView, current
from ui.paint import painted_poster
from ui.panes import Drawn, Pane
from ui.poster import poster
from ui.tongue import Tongue


class LanePane(Pane):
    """One gate, one answer."""

    topic = "lane"
    notice: Reply | None = None
    """What the gate told last, while it is shown."""
    view = LaneView()

    def compose(self) -> ComposeResult:
        yield Drawn(id="poster")

    def show(self, board: Board, tongue: Tongue) -> None:
        self.view = current(board, self.notice, tongue)
        self.set_classes(self.view.tone)
        shown = self.query_one("#poster", Drawn)
        width, height = self.size.width or 80, self.size.height or 20
        laid = poster(self.view, width, height)
        shown.show(painted_poster(laid, width))
        shown.styles.height = len(laid.rows)

    def settle(self) -> None:
        self.screen.set_focus(None)
