"""The fields of a step: what is answered by typing.

Law: compose only. A secret is not shown, and is gone from here once it was handed over.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input

from ui.board import Board
from ui.settingup.steps_view import FIELDS, SECRET, shown_fields
from ui.tongue import Tongue

FIELD_CHARACTERS = 4_096
PROPOSED = {
    "direction": "in",
    "relay_in": "GPIO17",
    "sensor_in": "GPIO22",
    "relay_out": "GPIO18",
    "sensor_out": "GPIO23",
    "camera": "/dev/video0",
}
"""As `portillon setup` proposes; a person looks at each before it is taken."""


class Form(VerticalScroll, can_focus=False):
    """One field for each answer; those of one step are shown at a time, while it is open."""

    is_open = False

    def compose(self) -> ComposeResult:
        for key in (key for fields in FIELDS.values() for key in fields):
            yield Input(id=key, password=key in SECRET, max_length=FIELD_CHARACTERS, disabled=True)

    def open(self, board: Board, step: str) -> None:
        """Fill in what is known and go to the first field."""
        answers = board.at("look", "answers") or {}
        is_answered = bool(answers.get("direction"))
        for field in self._of(step):
            proposed = (
                "" if is_answered and step == "direction" else PROPOSED.get(field.id or "", "")
            )
            field.value = str(answers.get(field.id) or proposed)
        self.is_open = self.display = True
        self.go_to(self.shown(board, step)[0])

    def close(self) -> None:
        """No field has the keys any more, and no secret stays."""
        self.is_open = self.display = False
        for field in self.query(Input):
            field.disabled = True
        for key in SECRET:
            self.query_one(f"#{key}", Input).value = ""
        self.screen.set_focus(None)

    def go_to(self, key: str) -> None:
        """To one field."""
        field = self.query_one(f"#{key}", Input)
        field.display, field.disabled = True, False
        self.screen.set_focus(field)
        field.select_all()

    def shown(self, board: Board, step: str) -> tuple[str, ...]:
        """The fields that are asked, by what is typed so far."""
        return shown_fields(board, step, self.typed(step))

    def typed(self, step: str) -> dict[str, str]:
        """What stands in a step's fields."""
        return {field.id or "": field.value.strip() for field in self._of(step)}

    def take(self, board: Board, step: str) -> tuple[dict[str, str], str]:
        """The answers, and the code if one was typed."""
        typed = self.typed(step)
        given = {key: typed[key] for key in self.shown(board, step) if key not in SECRET}
        return given, typed.get("token", "")

    def draw(self, board: Board, step: str, tongue: Tongue) -> None:
        """Those of this step, in this language."""
        shown = self.shown(board, step) if self.is_open else ()
        for field in self.query(Input):
            field.display = field.id in shown
            field.disabled = not field.display
            field.border_title = tongue.say(f"field_{field.id}")
        self.display = bool(shown)

    def _of(self, step: str) -> Iterable[Input]:
        keys = FIELDS.get(step, ())
        return (field for field in self.query(Input) if field.id in keys)
