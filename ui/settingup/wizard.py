"""The set-up wizard: steps down the left, one step on the right.

Law: composes; decides nothing and touches nothing. Everything is asked of the bench (`portillon fit`), and of the gate
once it is in service, in threads; the screen never waits. Leaving it at any place leaves the arm locked.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.message import Message
from textual.widgets import Input

from scanner.texts.catalogue import languages
from scanner.texts.english import PROBLEMS
from ui import scans_view
from ui.board import Reply, heard, noticed, silent
from ui.gate_line import GateLine
from ui.link import Heard, Link, News, Silent, Want
from ui.paint import STYLES, painted, painted_hints
from ui.panes import Drawn
from ui.picture_box import PictureBox
from ui.prompts import Overlay, Words, help_page
from ui.settingup import steps_view
from ui.settingup.asking import Asking
from ui.settingup.form import Form
from ui.settingup.prompts import Sure
from ui.settingup.steps_view import FIELDS, STEPS
from ui.system_clock import Clock
from ui.tongue import Tongue

LOOK = Want("look", 0.5)
CAMERA = Want("camera", 0.4)
GATE_WANTS = (
    Want("overview", 1.0),
    Want("scans", 2.0, {**scans_view.Search().fields(), "before": None}),
)
BESIDE_COLUMNS = 34
"""The steps, and the margins of a page."""
LABEL_COLUMNS = {"direction": 30, "camera": 11}
"""Wider where a label is a question."""


class Wizard(Asking):
    """Of one gate. ``gate_line`` makes the line to the gate's socket, once its folder is known."""

    CSS_PATH = "wizard.tcss"
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", show=False, priority=True),
        Binding("escape", "out", show=False, priority=True),
        Binding("enter,n,right", "next", show=False),
        Binding("b,left", "before", show=False),
        Binding("s", "pass_over", show=False),
        Binding("e", "edit", show=False),
        Binding("r", "again", show=False),
        Binding("p", "pulse", show=False),
        Binding("y", "word(True)", show=False),
        Binding("x", "word(False)", show=False),
        Binding("v", "other_level", show=False),
        Binding("c", "other_contact", show=False),
        Binding("t", "turn", show=False),
        Binding("g", "go", show=False),
        Binding("l", "language", show=False),
        Binding("q,ctrl+c", "leave", show=False),
    ]

    class Told(Message):
        """News of the bench or of the gate, from a link's threads."""

        def __init__(self, news: News, *, is_gate: bool) -> None:
            super().__init__()
            self.news = news
            self.is_gate = is_gate

    def __init__(
        self,
        bench: GateLine,
        gate_line: Callable[[str], GateLine],
        clock: Clock,
        language: str = "en",
    ) -> None:
        super().__init__(bench, clock, language)
        self._gate_line = gate_line
        self.link = Link(bench, clock, partial(self._tell, is_gate=False))
        self._gate_link: Link | None = None
        self._is_bench_gone = False

    # --- what is on the screen ----------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Drawn(id="title")
        with Horizontal(id="body"):
            yield Drawn(id="steps")
            with Vertical(id="page"):
                with VerticalScroll(id="words", can_focus=False):
                    yield Drawn(id="told")
                    yield Drawn(id="seen")
                yield Form(id="form")
                yield PictureBox(id="picture")
        yield Drawn(id="said")
        yield Drawn(id="hints")

    def on_mount(self) -> None:
        self._form.close()
        self.draw()
        self.link.want(LOOK)
        self.link.start()

    def on_unmount(self) -> None:
        self.link.stop()
        if self._gate_link is not None:
            self._gate_link.stop()

    def on_resize(self, _event: Resize) -> None:
        """Lay everything out anew, once it has its new size."""
        self.call_after_refresh(self.draw)

    @property
    def is_editing(self) -> bool:
        """A field has the keys."""
        return self.is_there and self._form.is_open

    def draw(self) -> None:
        """Everything by the board as it is."""
        if not self.is_there:
            return
        ground, say = self.screen_stack[0], self.tongue.say
        ground.query_one("#title", Drawn).show(self._title())
        ground.query_one("#steps", Drawn).show(self._steps())
        ground.query_one("#told", Drawn).show(self._told_text())
        ground.query_one("#seen", Drawn).show(self._seen())
        said, tone = self.said
        line = ground.query_one("#said", Drawn)
        line.show(Text(said, STYLES[tone]))
        line.display = bool(said)
        self._form.draw(self.board, self.step, self.tongue)
        box = ground.query_one(PictureBox)
        box.display = steps_view.has_picture(self.board, self.step) and not self.is_editing
        box.show(self.board.reply("camera"), say("no_picture"))
        keys = steps_view.hints(self.board, self.step, self.tongue, is_editing=self.is_editing)
        width = max(20, self.size.width - 2)
        ground.query_one("#hints", Drawn).show(painted_hints(keys, self.tongue, width))

    def _title(self) -> Text:
        text = Text(f" {self.tongue.say('setup_title')}", STYLES["title"], no_wrap=True)
        if self.board.at("look", "simulated"):
            text.append(f"   ▲ {self.tongue.say('setup_simulated')}", STYLES["doubt"])
        return text

    def _steps(self) -> Text:
        text = Text(no_wrap=True)
        for row in steps_view.step_rows(self.board, self.step, self.tongue):
            text.append(
                f"{row.text}\n", f"bold {STYLES[row.tone]}" if row.is_here else STYLES[row.tone]
            )
        return text

    def _told_text(self) -> Text:
        if self._is_bench_gone:
            words = getattr(self.bench, "last_words", lambda: "")()
            return Text(steps_view.gone(words, self.tongue), STYLES["bad"])
        return Text(steps_view.told(self.board, self.step or STEPS[0], self.tongue))

    def _seen(self) -> Text:
        if self._is_bench_gone or (self.is_editing and self.step == "direction"):
            return Text()
        lines = steps_view.page(self.board, self.step or STEPS[0], self.tongue)
        width = max(20, self.size.width - BESIDE_COLUMNS)
        return painted(lines, width, LABEL_COLUMNS.get(self.step, 18))

    @property
    def _form(self) -> Form:
        return self.screen_stack[0].query_one(Form)

    # --- what is told -------------------------------------------------------------------------------

    def _tell(self, news: News, *, is_gate: bool) -> None:
        """From the links' threads."""
        self.post_message(self.Told(news, is_gate=is_gate))

    def on_wizard_told(self, told: Told) -> None:
        """Take in the news, draw it."""
        news, now_ms = told.news, self.clock.now_ms()
        if isinstance(news, Silent):
            if told.is_gate:
                self.board = silent(self.board, news.since_ms, now_ms)
            else:
                self._is_bench_gone = True
                self.link.stop()
        elif isinstance(news, Heard):
            self.board = heard(self.board, news.do, news.reply, now_ms)
            if news.do == "look" and not self.step:
                self._begin()
            self._follow_gate()
            if news.do == "scans" and news.reply.get("scans"):
                self._note_scan()
        else:
            self._take_notice(news.notice)
        self.draw()

    def _begin(self) -> None:
        """Go on where it was left, or at the first step."""
        kept = str(self.board.at("look", "step") or "")
        is_over = self.board.at("look", "finished") or self.board.at("look", "in_service")
        self._visit("scan" if is_over else kept if kept in STEPS else STEPS[0])

    def _follow_gate(self) -> None:
        """Once the lane is in service its own gate is listened to."""
        is_over = self.board.at("look", "finished") or self.board.at("look", "in_service")
        if self._gate_link is None and is_over:
            line = self._gate_line(str(self.board.at("look", "runtime_dir")))
            self._gate_link = Link(line, self.clock, partial(self._tell, is_gate=True))
            self._gate_link.want(*GATE_WANTS)
            self._gate_link.start()

    def _take_notice(self, notice: Reply) -> None:
        self.board = noticed(self.board, notice)
        if notice.get("event") == "scan":
            self._note_scan()

    def _note_scan(self) -> None:
        """The gate has answered somebody: that is the last step."""
        if self.board.at("look", "steps", "scan", "state") == "open":
            self.ask("word", step="scan", is_good=True)

    def _visit(self, step: str) -> None:
        self.step, self.said = step, ("", "plain")
        self._form.close()
        self.board = heard(self.board, "camera", {"ok": True}, self.clock.now_ms())
        self.ask("visit", step=step)
        wants = (LOOK, CAMERA) if steps_view.has_picture(self.board, step) else (LOOK,)
        self.link.want(*wants)
        self.draw()

    # --- keys ---------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys of the wizard are not those of a prompt over it, nor of a field."""
        del parameters
        if action in {"help", "quit"}:
            return True
        if len(self.screen_stack) > 1:
            return False
        return action == "out" or not self.is_editing

    def action_next(self) -> None:
        """The next step; a form that nobody has filled in opens first."""
        state = self.board.at("look", "steps", self.step, "state")
        if self.step == "direction" and state != "done":
            self.action_edit()
        elif self.step in STEPS[:-1]:
            self._visit(STEPS[STEPS.index(self.step) + 1])

    def action_before(self) -> None:
        """The step before."""
        if self.step in STEPS[1:]:
            self._visit(STEPS[STEPS.index(self.step) - 1])

    def action_pass_over(self) -> None:
        """Leave a step out, for now or for ever."""
        if self.step in STEPS[:-1] and self.step != "direction":
            self.ask("pass_over", step=self.step)
            self.action_next()

    def action_edit(self) -> None:
        """Into the fields of this step."""
        if self.step not in FIELDS or not self.board.at("look", "is_ours"):
            return
        self._form.open(self.board, self.step)
        self.call_after_refresh(self.draw)

    def action_out(self) -> None:
        """Out of the fields with nothing changed; out of a prompt."""
        screen = self.screen
        if isinstance(screen, Overlay):
            screen.close_once()
        elif self.is_editing:
            self._form.close()
            self.say("")

    def on_input_changed(self, _event: Input.Changed) -> None:
        """Another direction asks for other lines."""
        if self.is_editing:
            self._form.draw(self.board, self.step, self.tongue)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field, and takes them over after the last."""
        event.stop()
        shown = self._form.shown(self.board, self.step)
        if event.input.id not in shown:
            return
        place = shown.index(event.input.id)
        if place + 1 < len(shown):
            self._form.go_to(shown[place + 1])
            return
        given, code = self._form.take(self.board, self.step)
        self.ask("answer", partial(self._taken, code=code), answers=given)

    def _taken(self, reply: Reply, *, code: str) -> None:
        """Written; or each answer that cannot be, named."""
        problems = reply.get("problems") or ()
        if problems:
            self.say("\n".join(self._problem(one) for one in problems), "bad")
            self._form.go_to(problems[0]["key"])
            return
        if code:
            self.ask("enrol", code=code)
        self._visit(self.step)
        self.say(f"✔ {self.tongue.say('setup_done')}")

    def _problem(self, told: Mapping[str, str]) -> str:
        text = self.tongue.tell(PROBLEMS[told["why"]])
        return f"✖ {text.format(key=told['key'], value=str(told['value'])[:40])}"

    def action_again(self) -> None:
        """Look at the network again; fetch the first snapshot again."""
        if self.step == "network":
            self.ask("reach")
        elif self.step == "enrolment":
            self.ask("contact" if self.board.at("look", "device") else "visit", step=self.step)

    def action_language(self) -> None:
        """The next language."""
        known = languages()
        self.tongue = Tongue.of(known[(known.index(self.tongue.language) + 1) % len(known)])
        self.draw()

    def action_help(self) -> None:
        """What this step is for, and its keys."""
        if isinstance(self.screen, Words):
            self.screen.close_once()
        elif len(self.screen_stack) == 1:
            keys = steps_view.hints(self.board, self.step, self.tongue, is_editing=self.is_editing)
            topic = f"setup_{self.step or STEPS[0]}"
            self.push_screen(help_page(topic, keys, (), self.tongue))

    def action_leave(self) -> None:
        """Ask, then go; the arm is locked either way."""
        say, is_over = self.tongue.say, self.board.at("look", "finished")
        is_over = is_over or self.board.at("look", "in_service")
        told = say("sure_leave_in_service" if is_over else "sure_leave_told")
        screen = Sure(say("sure_leave"), told, say("sure_leave_yes"), self.tongue)
        self.push_screen(screen, lambda leaves: self.exit() if leaves else None)
