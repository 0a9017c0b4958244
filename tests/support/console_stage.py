"""A console without a terminal over a scripted gate: what a person does at it, and what is then to be read on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.events import Key
from textual.pilot import Pilot

from support.scripted_gate import ANSWERS, OVERVIEW, ScriptedClock, ScriptedGate
from ui.console import Console
from ui.gate_line import GateLine
from ui.tongue import Tongue

WITHIN_S = 30
NAMES = {"/": "slash", ":": "colon", " ": "space"}


class Stage:
    """One console over one scripted gate, or over another ``line``."""

    def __init__(
        self,
        language: str = "en",
        *,
        is_lane_only: bool = False,
        clock: Any = None,
        line: GateLine | None = None,
    ) -> None:
        self.gate = ScriptedGate()
        clock = ScriptedClock() if clock is None else clock
        self.console = Console(line or self.gate, clock, language, is_lane_only=is_lane_only)
        self.pilot: Pilot[None]

    def speak(self, tongue: Tongue) -> None:
        """Another tongue, also one that is none of the catalogues'."""
        self.console.tongue = tongue

    async def until(self, is_so: Callable[[], bool], look_s: float = 0.005) -> None:
        """Wait until the screen shows it."""
        async with asyncio.timeout(WITHIN_S):
            while not is_so():
                await asyncio.sleep(look_s)
        await self.settled()

    async def settled(self) -> None:
        """Everything that was sent has been taken in and drawn."""
        for _round in range(2):
            await self.pilot._wait_for_screen()

    async def press(self, *keys: str) -> None:
        """Keys one after the other; letters without a pause."""
        driver = self.console._driver
        assert driver is not None
        for key in keys:
            event = Key(NAMES.get(key, key), key if len(key) == 1 else None)
            event.set_sender(self.console)
            driver.send_message(event)
            if len(key) > 1:
                await self.pilot.pause()
        await self.pilot.pause()

    async def told(self, **changes: object) -> None:
        """The gate says this of itself from now on."""
        new = {**OVERVIEW, **changes}
        self.gate.replies["overview"] = new
        self.console.link.ask_again("overview")
        await self.until(lambda: self.console.board.reply("overview") == new)

    async def answer(self, name: str) -> None:
        """Somebody was at the arm."""
        count = len(self.console.board.notices)
        self.gate.told.put(ANSWERS[name])
        await self.until(lambda: len(self.console.board.notices) > count)

    async def silence(self) -> None:
        """The gate says nothing more."""
        self.gate.is_silent = True
        self.console.link.ask_again("overview")
        await self.until(lambda: self.console.board.silent_since is not None)

    async def tab(self, name: str) -> None:
        """Another tab, with all that it asks."""
        console = self.console
        await console.action_tab(name)
        wanted = [want.do for want in console.pane.wants(console.tongue)]
        await self.until(lambda: all(do in console.board.replies for do in wanted))

    def rows(self) -> list[str]:
        """The screen's rows as text."""
        strips = self.console.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        """All of the screen, blanks made plain."""
        return "\n".join(self.rows()).replace("\N{NO-BREAK SPACE}", " ")

    async def shows(self, *words: str) -> None:
        """Wait until these are to be read."""
        try:
            # drawing all of it takes longer than a key
            await self.until(lambda: all(word in self.text() for word in words), 0.03)
        except TimeoutError:
            raise AssertionError(f"{words} are not on the screen:\n{self.text()}") from None


@asynccontextmanager
async def running(stage: Stage, width: int = 100, height: int = 30) -> AsyncIterator[Stage]:
    """The console runs and has heard of its gate."""
    async with stage.console.run_test(size=(width, height)) as pilot:
        stage.pilot = pilot
        await stage.until(lambda: "overview" in stage.console.board.replies)
        yield stage


def play(
    story: Callable[[Stage], Awaitable[None]], stage: Stage | None = None, **size: int
) -> Stage:
    """Run a story to its end."""
    stage = Stage() if stage is None else stage

    async def run() -> None:
        async with running(stage, **size):
            await story(stage)

    asyncio.run(run())
    return stage
