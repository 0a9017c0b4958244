"""An app that is driven by keys, over one ground screen whose ``#body`` holds what is shown.

Law: before there is anything to see, and once it is being taken down, keys are nobody's and nothing is drawn.

Source: docs/console.md, "Keys".
"""

from __future__ import annotations

from textual.app import App
from textual.events import Event, Key


class KeyedApp(App[None]):
    """What the console and the set-up wizard have in common."""

    @property
    def is_there(self) -> bool:
        """There is a ground to draw on: not before it is laid, and not while it is taken down."""
        stack = self.screen_stack if self.is_running else []
        return bool(stack) and bool(stack[0].query("#body"))

    async def on_event(self, event: Event) -> None:
        """Keys that were typed ahead of the beginning or the end are nobody's."""
        if self.is_there or not isinstance(event, Key):
            await super().on_event(event)
