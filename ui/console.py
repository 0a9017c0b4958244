"""The console: the lane and six more tabs over one gate, and the keys that lead through them.

Law: composes; decides nothing and reads nothing but the board. What is asked of the gate is `ui.gate_app`'s.

Source: docs/console.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.timer import Timer

from scanner.texts.catalogue import languages
from ui import lane_view, scans_view
from ui.board import Reply, heard
from ui.gate_app import GateApp
from ui.gate_line import ACT_WITHIN_S, GateLine
from ui.lane_pane import LanePane
from ui.link import Want
from ui.paint import STYLES, painted_hints, painted_signs
from ui.panes import (
    COMMON_HINTS,
    Drawn,
    HardwarePane,
    HealthPane,
    Hint,
    LogPane,
    Pane,
    ScansPane,
    SettingsPane,
    SyncPane,
)
from ui.prompts import Leave, Overlay, Palette, Words, help_page
from ui.system_clock import Clock
from ui.tongue import Tongue

TABS: dict[str, type[Pane]] = {
    "lane": LanePane,
    "scans": ScansPane,
    "sync": SyncPane,
    "hardware": HardwarePane,
    "health": HealthPane,
    "settings": SettingsPane,
    "log": LogPane,
}
OVERVIEW = Want("overview", 1.0)
SHOWN_FOR_S = 4.0
"""How long an answer stays before the lane says "ready" again, unless `--ready-after` says otherwise."""
QUESTION_FOR_S = 30.0
"""How long a question stays: staff walk up, look, and answer."""
SAID_FOR_S = 8.0
SHOWN_EVENTS = frozenset({"scan", "override", "not_passed", "alarm"})


class Console(GateApp):
    """One gate. ``is_lane_only``: the lane fills the screen, for staff."""

    CSS_PATH = "console.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"tab('{name}')", show=False) for n, name in enumerate(TABS, start=1)),
        Binding("f1", "help", show=False, priority=True),
        Binding("ctrl+p,colon", "palette", show=False),
        Binding("tab,right", "step(1)", show=False, priority=False),
        Binding("shift+tab,left", "step(-1)", show=False, priority=False),
        Binding("l", "language", show=False),
        Binding("q,ctrl+c", "leave", show=False),
        Binding("a", "act('accept')", show=False),
        Binding("r", "act('refuse')", show=False),
        Binding("f", "act('force')", show=False),
        Binding("p", "act('release')", show=False),
        Binding("t", "act('lamps')", show=False),
        Binding("u", "act('pulse')", show=False),
        Binding("slash", "seek", show=False),
        Binding("escape", "settle", show=False),
        Binding("o", "pane('next_outcome')", show=False),
        Binding("n", "pane('older')", show=False),
        Binding("w", "pane('next_level')", show=False),
    ]

    def __init__(
        self,
        line: GateLine,
        clock: Clock,
        language: str = "en",
        *,
        is_lane_only: bool = False,
        ready_after_s: float = SHOWN_FOR_S,
    ) -> None:
        super().__init__(line, clock, language)
        self.is_lane_only = is_lane_only
        self._ready_after_s = ready_after_s
        self._tab = "lane"
        self._panes: dict[str, Pane] = {}
        self._ready_timer: Timer | None = None
        self._said_timer: Timer | None = None

    # --- what is on the screen ----------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        if not self.is_lane_only:
            yield Drawn(id="tabs")
        with Container(id="body"):
            yield self._pane("lane")
        yield Drawn(id="said")
        yield Drawn(id="signs")
        yield Drawn(id="hints")

    def on_mount(self) -> None:
        self.draw()
        self.link.want(*self._wants())
        self.link.start()

    def on_unmount(self) -> None:
        self.link.stop()

    def on_resize(self, _event: Resize) -> None:
        """Lay everything out anew, once it has its new size."""
        self.call_after_refresh(self.draw)

    @property
    def pane(self) -> Pane:
        """The tab that is looked at."""
        return self._panes[self._tab]

    def draw(self) -> None:
        """Everything by the board as it is."""
        if not self.is_there or not self._panes or not self.pane.is_mounted:
            return
        ground = self.screen_stack[0]
        self.pane.show(self.board, self.tongue)
        signs = lane_view.signs(self.board, self.tongue)
        ground.query_one("#signs", Drawn).show(painted_signs(signs, self.size.width - 2))
        ground.query_one("#hints", Drawn).show(
            painted_hints(self._hints(), self.tongue, self.size.width - 2)
        )
        if not self.is_lane_only:
            ground.query_one("#tabs", Drawn).show(self._tab_bar())

    def _tab_bar(self) -> Text:
        text = Text(no_wrap=True)
        for number, name in enumerate(TABS, start=1):
            style = "bold black on #9ecbff" if name == self._tab else "#a9b4c0"
            text.append(f" {number} {self.tongue.say(f'tab_{name}')} ", style)
        gate = str(self.board.at("overview", "gate", "name") or "")
        room = self.size.width - text.cell_len - 1
        if cell_len(gate) < room:
            text.append(gate.rjust(room), "bold #e8eaed")
        return text

    def _hints(self) -> tuple[Hint, ...]:
        if self.pane.topic == "lane" and self.answers:
            keys = " ".join(lane_view.ANSWER_KEYS[name].upper() for name in self.answers)
            return ((keys, "key_answer"), *COMMON_HINTS)
        return (*self.pane.hints, *COMMON_HINTS)

    def _pane(self, name: str) -> Pane:
        if name not in self._panes:
            self._panes[name] = TABS[name]()
        return self._panes[name]

    def _wants(self) -> tuple[Want, ...]:
        return (OVERVIEW, *self.pane.wants(self.tongue))

    # --- the lane -----------------------------------------------------------------------------------

    def take_notice(self, notice: Reply) -> None:
        """An answer is shown for a while; that somebody has passed ends it."""
        if notice["event"] == "passed":
            self._show_ready()
        elif notice["event"] in SHOWN_EVENTS:
            self._lane().notice = notice
            seconds = QUESTION_FOR_S if notice.get("outcome") == "ACTION" else self._ready_after_s
            self._ready_timer = self.timed(self._ready_timer, seconds, self._show_ready)

    def _lane(self) -> LanePane:
        pane = self._pane("lane")
        assert isinstance(pane, LanePane)  # noqa: S101 - the table says so
        return pane

    def _show_ready(self) -> None:
        self._lane().notice = None
        self.draw()

    # --- keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the console are not those of a screen that lies over it, nor of a lane without tabs."""
        del parameters
        if action in {"help", "settle"}:
            return True
        if len(self.screen_stack) > 1:
            return action == "quit"
        return not (self.is_lane_only and action in {"tab", "step", "seek", "pane"})

    async def action_tab(self, name: str) -> None:
        """Look at another tab."""
        if name not in TABS or self.is_lane_only:
            return
        self._tab = name
        pane = self._pane(name)
        is_new = not pane.is_attached
        if is_new:
            await self.screen_stack[0].query_one("#body").mount(pane)
        for other in self._panes.values():
            other.display = other is pane
        self.link.want(*self._wants())
        pane.settle()
        if is_new:  # it has no size yet
            self.call_after_refresh(self.draw)
        else:
            self.draw()

    async def action_step(self, step: int) -> None:
        """The tab beside."""
        names = list(TABS)
        await self.action_tab(names[(names.index(self._tab) + step) % len(names)])

    def action_seek(self) -> None:
        """To the search of this tab."""
        self.pane.seek()

    def action_settle(self) -> None:
        """Out of whatever is open here."""
        if len(self.screen_stack) == 1:
            self.pane.settle()

    def action_pane(self, name: str) -> None:
        """What only this pane knows."""
        act = getattr(self.pane, name, None)
        if act is not None:
            act()

    def on_pane_changed(self, _event: Pane.Changed) -> None:
        """The pane wants something else asked."""
        self.link.want(*self._wants())

    def action_language(self) -> None:
        """The next language."""
        known = languages()
        self._speak(known[(known.index(self.tongue.language) + 1) % len(known)])

    def _speak(self, language: str) -> None:
        self.tongue = Tongue.of(language, self.tongue.zone)
        self.link.want(*self._wants())
        self.draw()

    def action_help(self) -> None:
        """What is on this screen, and its keys."""
        screen = self.screen
        if isinstance(screen, Words):
            screen.close_once()
        elif isinstance(screen, Overlay):
            self.push_screen(help_page(screen.topic, screen.hints, (), self.tongue))
        else:
            hints = (*self.pane.hints, *COMMON_HINTS)
            self.push_screen(help_page(self.pane.topic, hints, tuple(TABS), self.tongue))

    def action_leave(self) -> None:
        """Ask, then go."""
        self.push_screen(Leave(self.tongue), lambda leaves: self.exit() if leaves else None)

    def action_palette(self) -> None:
        """Every command by name."""
        self.push_screen(Palette(self._choices(), self.tongue))

    def _choices(self) -> list[tuple[str, Callable[[], Any]]]:
        say, choices = self.tongue.say, list[tuple[str, Callable[[], Any]]]()
        if not self.is_lane_only:
            for name in TABS:
                choices.append(
                    (say("act_tab", tab=say(f"tab_{name}")), partial(self.action_tab, name))
                )
        choices += self.acts()
        for language in languages():
            choices.append(
                (say("act_language", language=language.upper()), partial(self._speak, language))
            )
        choices += [(say("act_help"), self.action_help), (say("act_quit"), self.action_leave)]
        return choices

    def on_option_list_option_selected(self, event: Any) -> None:
        """Enter on a scan: why was it decided so?"""
        if isinstance(self.pane, ScansPane) and event.option_list.id == "list":
            seq = int(event.option_id)
            fields = {"seq": seq, "language": self.tongue.language}
            self.run_worker(partial(self._explain, fields), thread=True)

    def _explain(self, fields: Mapping[str, Any]) -> None:
        reply = self.ask_gate("explain", 2 * ACT_WITHIN_S, fields)
        self.call_from_thread(self._show_explained, reply)

    def _show_explained(self, reply: Reply) -> None:
        self.board = heard(self.board, "explain", reply, self._clock.now_ms())
        rows = scans_view.explanation(self.board, self.tongue)
        self.push_screen(Words(self.tongue.say("explain_title"), rows, self.tongue, "explain"))

    # --- what became of it --------------------------------------------------------------------------

    def say_below(self, text: str, tone: str) -> None:
        """A line at the foot, for a while."""
        said = self.screen_stack[0].query_one("#said", Drawn)
        said.show(Text(text, STYLES[tone]))
        said.display = True
        self._said_timer = self.timed(self._said_timer, SAID_FOR_S, self._say_nothing)

    def _say_nothing(self) -> None:
        self.screen_stack[0].query_one("#said", Drawn).display = False
