"""What the wizard asks before it does it: one sentence of what will happen, and one key that says yes.

Law: Enter alone is a yes; any other key leaves everything as it is.

Source: docs/console.md, "Set-up".
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.widgets import Static

from ui.prompts import Overlay
from ui.tongue import Tongue


class Sure(Overlay):
    """Really? ``name``: its texts are ``sure_NAME``, ``sure_NAME_told``, ``sure_NAME_yes``."""

    topic = "prompt"

    def __init__(self, heading: str, told: str, yes: str, tongue: Tongue) -> None:
        super().__init__()
        self._words = heading, told, yes
        self._tongue = tongue

    def compose(self) -> ComposeResult:
        heading, told, yes = self._words
        with Vertical(classes="box"):
            yield Static(heading, classes="heading")
            yield Static(told)
            yield Static(f"Enter {yes}   Esc {self._tongue.say('key_back')}", classes="hints")

    def on_key(self, event: Key) -> None:
        """Any key is an answer."""
        event.stop()
        self.close_once(answer=event.key == "enter")
