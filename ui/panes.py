"""The panes of the console: each composes one view of the board.

Law: compose only. A pane knows what it wants asked while it is looked at, and draws what its view says; it draws anew
only what has changed.

Source: docs/console.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ui import hardware_view, health_view, log_view, scans_view, settings_view, sync_view
from ui.board import Board
from ui.link import Want
from ui.paint import STYLES, painted
from ui.picture_box import PictureBox
from ui.tongue import Tongue

Hint = tuple[str, str]
LIST_LAST = 200
AIM_SHARE = 0.5
"""Of the screen for the camera's picture; the style sheet has the same."""
COMMON_HINTS: tuple[Hint, ...] = (
    ("F1", "key_help"),
    ("^P", "key_palette"),
    ("L", "key_language"),
    ("Q", "key_quit"),
)


class Drawn(Static):
    """A text that is drawn anew only when it has changed."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._shown: Text | None = None

    def show(self, text: Text) -> None:
        """Draw."""
        before, self._shown = self._shown, text
        if before is None or text != before or text.spans != before.spans:
            is_as_high = before is not None and _rows(text) == _rows(before) and text.no_wrap
            self.update(text, layout=not is_as_high)


def _rows(text: Text) -> int:
    return text.plain.count("\n")


class Listing(OptionList):
    """Rows to choose from; the mark stays on its row while rows come and go."""

    def show(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Rows of (id, tone, text)."""
        new = list(rows)
        if new == getattr(self, "_rows", None):
            return
        marked = None if self.highlighted is None else self.highlighted_option
        self._rows = new
        self.clear_options()
        self.add_options([Option(Text(text, STYLES[tone]), id=name) for name, tone, text in new])
        names = [name for name, _tone, _text in new]
        if marked is not None and marked.id in names:
            self.highlighted = names.index(marked.id)
        elif new:
            self.highlighted = 0

    @property
    def marked(self) -> str | None:
        """The id of the row that is marked."""
        option = None if self.highlighted is None else self.highlighted_option
        return None if option is None else option.id


class Pane(Vertical):
    """One tab."""

    topic: ClassVar[str] = ""
    hints: ClassVar[tuple[Hint, ...]] = ()

    class Changed(Message):
        """What the pane wants asked is other than before."""

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        """What to ask while this pane is looked at."""
        del tongue
        return ()

    def show(self, board: Board, tongue: Tongue) -> None:
        """Draw the board."""

    @property
    def columns(self) -> int:
        """How wide a row may be: by the screen, whose size is known before the pane's own."""
        return max(20, self.app.size.width - 6)

    def seek(self) -> None:
        """Go to the search, if there is one."""
        for field in self.query(Input):
            field.display = True
            field.focus()

    def settle(self) -> None:
        """Back from the search to the list."""
        for listing in self.query(Listing):
            listing.focus()


class LinesPane(Pane):
    """A pane that is a column of lines."""

    hints = (("↑ ↓", "key_scroll"),)

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=True):
            yield Drawn(id="lines")

    def settle(self) -> None:
        self.query_one(VerticalScroll).focus()


class SyncPane(LinesPane):
    """Snapshot, line, facts that wait, other lanes."""

    topic = "sync"

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        del tongue
        return (Want("peers", 5.0),)

    def show(self, board: Board, tongue: Tongue) -> None:
        lines = sync_view.sync_lines(board, tongue, self.columns)
        self.query_one("#lines", Drawn).show(painted(lines, self.columns))


class HealthPane(LinesPane):
    """What is wrong, and the machine."""

    topic = "health"

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        del tongue
        return (Want("doctor", 2.0),)

    def show(self, board: Board, tongue: Tongue) -> None:
        lines = health_view.health_lines(board, tongue, self.columns)
        self.query_one("#lines", Drawn).show(painted(lines, self.columns))


class HardwarePane(Pane):
    """Pins beside the camera's picture."""

    topic = "hardware"
    hints = (("P", "key_release"), ("U", "key_pulse"), ("T", "key_lamps"))

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        del tongue
        return (Want("hardware", 0.5), Want("camera", 0.4))

    def compose(self) -> ComposeResult:
        with Horizontal():
            with VerticalScroll(can_focus=True):
                yield Drawn(id="pins")
                yield Drawn(id="scanners")
                yield Drawn(id="reads")
            with Vertical(id="aim"):
                yield PictureBox(id="picture")
                yield Drawn(id="camera")

    def show(self, board: Board, tongue: Tongue) -> None:
        left = self.columns - round(AIM_SHARE * self.app.size.width)
        right = self.columns - left
        views = {
            "#pins": painted(hardware_view.hardware_lines(board, tongue), left, 17),
            "#scanners": painted(hardware_view.scanner_lines(board, tongue), left, 8),
            "#reads": painted(hardware_view.read_lines(board, tongue), left, 8),
            "#camera": painted(hardware_view.camera_lines(board, tongue), right, 9),
        }
        for name, text in views.items():
            self.query_one(name, Drawn).show(text)
        self.query_one(PictureBox).show(board.reply("camera"), tongue.say("no_picture"))

    def settle(self) -> None:
        self.query_one(VerticalScroll).focus()


class ListPane(Pane):
    """A list with a search above and a line about the marked row below."""

    search_hint: ClassVar[str] = "seek_hint"

    def __init__(self) -> None:
        super().__init__()
        self.sought = ""
        self._board = Board()
        self._tongue = Tongue()

    def compose(self) -> ComposeResult:
        yield Drawn(id="caption")
        yield Input(id="seek", max_length=scans_view.SEEK_CHARACTERS)
        yield Listing(id="list")
        yield Drawn(id="about")

    def on_mount(self) -> None:
        self.query_one("#seek").display = False

    def show(self, board: Board, tongue: Tongue) -> None:
        self._board, self._tongue = board, tongue
        self.query_one("#seek", Input).placeholder = tongue.say(self.search_hint)
        self.draw()

    def draw(self) -> None:
        """Draw what is known now."""

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fewer rows with each letter."""
        self.sought = event.value
        self.look_anew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """From the search to what it found."""
        event.input.display = bool(event.value)
        self.settle()

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        """Another row is marked."""
        self.draw_about()

    def look_anew(self) -> None:
        """What is sought has changed."""
        self.draw()

    def draw_about(self) -> None:
        """The line below the list."""


class ScansPane(ListPane):
    """Every scan that the ledger holds."""

    topic = "scans"
    search_hint = "search_hint"
    hints = (("↵", "key_explain"), ("/", "key_search"), ("O", "key_outcome"), ("N", "key_older"))

    def __init__(self) -> None:
        super().__init__()
        self.search = scans_view.Search()
        self._before: int | None = None

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        del tongue
        fields: dict[str, Any] = {**self.search.fields(), "before": self._before}
        return (Want("scans", 0.0 if self._before else 2.0, fields),)

    def draw(self) -> None:
        found = scans_view.rows(self._board, self._tongue, self.columns)
        self.query_one(Listing).show([(str(row.seq), row.tone, row.text) for row in found])
        caption = scans_view.caption(self.search, self._board, self._tongue)
        if not found and "scans" in self._board.replies:
            caption = f"{caption} · {self._tongue.say('scans_none')}"
        self.query_one("#caption", Drawn).show(Text(caption, STYLES["dim"]))
        self.draw_about()

    def draw_about(self) -> None:
        marked = self.query_one(Listing).marked
        scans = self._board.at("scans", "scans") or ()
        found = next((scan for scan in scans if str(scan["seq"]) == marked), None)
        text = "" if found is None else scans_view.reason_line(found, self._tongue)
        self.query_one("#about", Drawn).show(Text(text))

    def look_anew(self) -> None:
        self.search = scans_view.Search(self.search.outcome, self.sought)
        self._from(None)

    def next_outcome(self) -> None:
        """Only scans of the next outcome."""
        self.search = self.search.next_outcome()
        self._from(None)

    def older(self) -> None:
        """The page before; from the newest again after the oldest."""
        more = self._board.at("scans", "more")
        self._from(None if more is None else int(more))

    def _from(self, before: int | None) -> None:
        self._before = before
        self.post_message(self.Changed())


class SettingsPane(ListPane):
    """Every setting with its source and meaning."""

    topic = "settings"
    hints = (("/", "key_search"),)

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        del tongue
        return (Want("settings", 30.0),)

    def draw(self) -> None:
        width = self.columns
        found = settings_view.rows(self._board, self._tongue, width, self.sought)
        self.query_one(Listing).show([(row.name, "plain", row.text) for row in found])
        caption = settings_view.caption(found, self.sought, self._tongue)
        self.query_one("#caption", Drawn).show(Text(caption, STYLES["dim"]))
        self._found = {row.name: row for row in found}
        self.draw_about()

    def draw_about(self) -> None:
        row = getattr(self, "_found", {}).get(self.query_one(Listing).marked)
        self.query_one("#about", Drawn).show(Text("" if row is None else row.meaning))


class LogPane(ListPane):
    """The gate's newest log lines."""

    topic = "log"
    hints = (("/", "key_search"), ("W", "key_level"))

    def __init__(self) -> None:
        super().__init__()
        self.level = "all"

    def wants(self, tongue: Tongue) -> tuple[Want, ...]:
        del tongue
        return (Want("log", 1.0),)

    def next_level(self) -> None:
        """All lines, or warnings and worse."""
        place = log_view.LEVELS.index(self.level)
        self.level = log_view.LEVELS[(place + 1) % len(log_view.LEVELS)]
        self.draw()

    def draw(self) -> None:
        found = log_view.rows(self._board, self._tongue, self.sought, self.level)[-LIST_LAST:]
        self._found = {str(n): row for n, row in enumerate(reversed(found))}
        width = self.columns
        rows = [
            (name, row.tone, log_view.cut(row.text, width)) for name, row in self._found.items()
        ]
        self.query_one(Listing).show(rows)
        caption = log_view.caption(found, self.sought, self.level, self._tongue)
        self.query_one("#caption", Drawn).show(Text(caption, STYLES["dim"]))
        self.draw_about()

    def draw_about(self) -> None:
        row = getattr(self, "_found", {}).get(self.query_one(Listing).marked)
        self.query_one("#about", Drawn).show(Text("" if row is None else row.about))
