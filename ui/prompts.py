"""Screens that lie over the console for a moment: an act's question, a search of commands, help, an explanation.

Law: compose only. Escape always leads back and changes nothing; what an act does is told before it is asked.

Source: docs/console.md, "Acts" and "Keys".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ui.acts import Act
from ui.paint import painted_hints, painted_words
from ui.tongue import Tongue

FOOT_COLUMNS = 72
Perform = Callable[[Act, Mapping[str, Any]], None]
Choice = tuple[str, Callable[[], None]]
"""What a command is called, and what it does."""


class Overlay(ModalScreen[bool]):
    """Lies over the console until it is closed, once: keys come faster than screens go."""

    topic: str
    hints: tuple[tuple[str, str], ...] = ()
    _is_closed = False

    def close_once(self, *, answer: bool = False) -> None:
        """Go, if this is still to be seen."""
        if self.is_current and not self._is_closed:
            self._is_closed = True
            self.dismiss(answer)

    def foot(self, tongue: Tongue) -> Static:
        """The row of keys."""
        return Static(painted_hints(self.hints, tongue, FOOT_COLUMNS), classes="hints")

    def action_close(self) -> None:
        """Back, with nothing changed."""
        self.close_once()


class ActPrompt(Overlay):
    """What an act does, who wants it, and the PIN. ``fields``: what the act is about, besides its own."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False)]
    topic = "prompt"
    hints = (("enter", "key_yes"), ("escape", "key_back"), ("F1", "key_help"))

    def __init__(
        self,
        act: Act,
        title: str,
        fields: Mapping[str, Any],
        tongue: Tongue,
        name: str,
        perform: Perform,
    ) -> None:
        super().__init__()
        self.act = act
        self._title = title
        self._fields = fields
        self._tongue = tongue
        self._who = name
        self._perform = perform
        self._is_waiting = False

    def compose(self) -> ComposeResult:
        say = self._tongue.say
        with Vertical(classes="box"):
            yield Static(self._title, classes="heading", markup=False)
            yield Static(f"{say(f'ask_{self.act.name}')} {say('ask_recorded')}")
            yield self._field("name", max_length=80)
            yield self._field("pin", max_length=64)
            if self.act.takes_why:
                yield self._field("why", max_length=80)
            yield Static(id="refusal", classes="bad", markup=False)
            yield self.foot(self._tongue)

    def _field(self, name: str, max_length: int) -> Input:
        value = self._who if name == "name" else ""
        field = Input(value, id=name, password=name == "pin", max_length=max_length)
        field.border_title = self._tongue.say(f"ask_{name}")
        return field

    def on_mount(self) -> None:
        self.query_one("#pin" if self._who else "#name").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next empty field; with nothing missing it is done."""
        event.stop()
        if self._is_waiting:
            return
        missing = [field for field in self.query(Input) if not field.value.strip()]
        if missing:
            self._tell(self._tongue.say("ask_incomplete") if event.input in missing else "")
            missing[0].focus()
            return
        self._is_waiting = True
        self._tell(self._tongue.say("ask_waiting"))
        typed: dict[str, Any] = {field.id or "": field.value for field in self.query(Input)}
        asked = {**self.act.fields, **self._fields, "operator": typed["name"], "pin": typed["pin"]}
        self._perform(self.act, asked | ({"why": typed["why"]} if "why" in typed else {}))

    def refuse(self, text: str) -> None:
        """The gate did not do it: say why and let it be tried again."""
        self._is_waiting = False
        self._tell(text)
        pin = self.query_one("#pin", Input)
        pin.value = ""
        pin.focus()

    def _tell(self, text: str) -> None:
        self.query_one("#refusal", Static).update(text)


class Palette(Overlay):
    """Every command by its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]
    topic = "palette"
    hints = (("enter", "key_choose"), ("escape", "key_back"), ("F1", "key_help"))

    def __init__(self, choices: Sequence[Choice], tongue: Tongue) -> None:
        super().__init__()
        self._choices = choices
        self._tongue = tongue
        self._found: list[Choice] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Input(placeholder=self._tongue.say("palette_hint"), id="seek", max_length=40)
            yield OptionList(id="found")
            yield self.foot(self._tongue)

    def on_mount(self) -> None:
        self.query_one("#found", OptionList).can_focus = False
        self._find("")
        self.query_one("#seek").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Fewer commands with each letter."""
        self._find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do the one that is marked."""
        event.stop()
        place = self.query_one("#found", OptionList).highlighted
        if place is None or not self._found:
            return
        chosen = self._found[place][1]
        self.close_once()
        self.app.call_later(chosen)

    def action_move(self, step: int) -> None:
        """The mark goes up or down."""
        found = self.query_one("#found", OptionList)
        if step > 0:
            found.action_cursor_down()
        else:
            found.action_cursor_up()

    def _find(self, seek: str) -> None:
        words = seek.casefold().split()
        self._found = [c for c in self._choices if all(word in c[0].casefold() for word in words)]
        shown = self.query_one("#found", OptionList)
        shown.clear_options()
        if self._found:
            shown.add_options([Option(text) for text, _do in self._found])
            shown.highlighted = 0
        else:
            shown.add_option(Option(self._tongue.say("palette_none"), disabled=True))


class Words(Overlay):
    """A page of words over the screen: help, or why a scan was decided so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", show=False),
        Binding("down,j", "scroll_words(1)", show=False),
        Binding("up,k", "scroll_words(-1)", show=False),
        Binding("pagedown,space", "scroll_words(10)", show=False),
        Binding("pageup", "scroll_words(-10)", show=False),
    ]
    hints = (("↑ ↓", "key_scroll"), ("escape", "key_back"))

    def __init__(self, heading: str, rows: Sequence[str], tongue: Tongue, topic: str) -> None:
        super().__init__()
        self._heading = heading
        self._rows = rows
        self._tongue = tongue
        self.topic = topic

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield Static(self._heading, classes="heading", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(painted_words(self._rows), id="words")
            yield self.foot(self._tongue)

    def action_scroll_words(self, rows: int) -> None:
        """Up or down."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)


class Leave(Overlay):
    """Really leave? Enter does, or Ctrl-C once more; any other key stays."""

    topic = "prompt"
    hints = (("enter", "key_quit"), ("escape", "key_back"))

    def __init__(self, tongue: Tongue) -> None:
        super().__init__()
        self._tongue = tongue

    def compose(self) -> ComposeResult:
        say = self._tongue.say
        with Vertical(classes="box"):
            yield Static(f"{say('act_quit')}?", classes="heading")
            yield self.foot(self._tongue)

    def on_key(self, event: Key) -> None:
        """Any key is an answer."""
        event.stop()
        self.close_once(answer=event.key in {"enter", "ctrl+c"})


def help_page(
    topic: str, hints: Sequence[tuple[str, str]], tabs: Sequence[str], tongue: Tongue
) -> Words:
    """What a screen is for, and its keys."""
    say = tongue.say
    keys = [f"{tongue.key(key):>7}  {say(name)}" for key, name in hints]
    places = [f"{number:>7}  {say(f'tab_{tab}')}" for number, tab in enumerate(tabs, start=1)]
    rows = [say(f"help_{topic}"), "", say("help_keys"), *keys, *places]
    return Words(say("help_title"), rows, tongue, topic)
