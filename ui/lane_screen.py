"""The lane screen: the outcome fills the screen in its colour, with icon and word, readable from three metres.

Law: composes views; decides nothing, reads no file but the gate's control socket, and never blocks on it.

Source: docs/console.md.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static
from textual.worker import get_current_worker

from ui.lane_view import READY, LaneView, after, no_answer, with_signs

RETRY_S = 1.0
QUIET_S = 0.5
"""How long to wait for a notice before looking whether the screen was closed."""
SHOWN_FOR_S = 4.0
"""How long an answer stays before the screen says "ready" again."""


class LaneScreen(App[None]):
    """One gate, one screen."""

    CSS = """
    Screen { align: center middle; }
    #outcome { width: 100%; height: 1fr; align: center middle; content-align: center middle; }
    #outcome > Static { width: 100%; text-align: center; text-style: bold; }
    #word { padding: 1; }
    #signs { dock: bottom; height: 1; text-align: center; background: $panel; }
    .ready { background: $surface; }
    .green { background: #146c2e; color: white; }
    .amber { background: #b26a00; color: white; }
    .orange { background: #9a3c00; color: white; }
    .red { background: #9b1c1c; color: white; }
    .blue { background: #114a8b; color: white; }
    .alarm, .silent { background: #3a3a3a; color: #ffd54a; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit")]

    def __init__(self, control_socket: Path) -> None:
        super().__init__()
        self._socket = control_socket
        self.view = READY

    def compose(self) -> ComposeResult:
        with Vertical(id="outcome"):
            yield Static(id="icon")
            yield Static(id="word")
            yield Static(id="lines")
        yield Static(id="signs")

    def on_mount(self) -> None:
        self._ready_again = self.set_timer(SHOWN_FOR_S, self._show_ready, pause=True)
        self.show_view(READY)
        self._listen()

    def show_view(self, view: LaneView) -> None:
        """Draw a view."""
        self.view = view
        self.query_one("#outcome").set_classes(view.tone)
        self.query_one("#icon", Static).update(view.icon)
        self.query_one("#word", Static).update(view.word)
        self.query_one("#lines", Static).update("\n".join(view.lines))
        self.query_one("#signs", Static).update(" · ".join(view.signs))

    def take(self, notice: dict[str, Any]) -> None:
        """Show what the gate told."""
        if notice.get("event") == "status":
            self.show_view(with_signs(self.view, notice))
            return
        self.show_view(after(self.view, notice))
        self._ready_again.reset()
        self._ready_again.resume()

    def _show_ready(self) -> None:
        self._ready_again.pause()
        self.show_view(with_ready(self.view))

    @work(thread=True, exclusive=True)
    def _listen(self) -> None:
        worker = get_current_worker()
        while not worker.is_cancelled:
            try:
                for notice in _notices(self._socket):
                    if worker.is_cancelled:
                        return
                    if notice is not None:
                        self.call_from_thread(self.take, notice)
            except (OSError, ValueError) as error:
                self.call_from_thread(self.show_view, no_answer(str(error)))
            worker.cancelled_event.wait(RETRY_S)


def with_ready(view: LaneView) -> LaneView:
    """The ready picture, keeping the signs."""
    return LaneView(signs=view.signs)


def _notices(path: Path) -> Iterator[dict[str, Any] | None]:
    """What the gate tells; None after each quiet `QUIET_S`."""
    with socket.socket(socket.AF_UNIX) as gate:
        gate.settimeout(QUIET_S)
        gate.connect(str(path))
        gate.sendall(b'{"do": "status"}\n')
        told, asked_to_watch = b"", False
        while True:
            try:
                chunk = gate.recv(65_536)
            except TimeoutError:
                yield None
                continue
            if not chunk:
                raise ConnectionError("the gate hung up")
            *lines, told = (told + chunk).split(b"\n")
            for line in lines:
                yield _notice(json.loads(line))
            if lines and not asked_to_watch:
                gate.sendall(b'{"do": "watch"}\n')
                asked_to_watch = True


def _notice(reply: dict[str, Any]) -> dict[str, Any]:
    return {"event": "status", **reply} if "gate" in reply else reply
