"""A new gate on the bench, without a terminal and without a central: what errands need a network for is made up.

Wizard, bench, simulated arm and replayed camera are the product's own.

Law: an errand that enrols leaves the files that a real one leaves. What was asked of it, codes apart, can be looked at.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.events import Key
from textual.pilot import Pilot

from hardware.system_clock import SystemClock
from scanner.commands.fit_command import answer
from scanner.installing.bench import Bench
from scanner.installing.errands import Errand
from support.gates import CONFIG as GATE_CONFIG
from support.gates import open_site
from support.snapshots import enrol, place
from ui.gate_line import GateLine, Reply, SilentError, SocketLine
from ui.settingup.wizard import Wizard
from ui.system_clock import Clock
from ui.system_clock import SystemClock as ScreenClock

CONFIG = GATE_CONFIG.partition("[turnstile.way_in]")[0].replace("fps = 50", "fps = 8")
"""No way in: the wizard asks for it."""
REACHED = {
    "ok": True,
    "code": "ok",
    "url": "https://central.example",
    "clock": {"now": 0, "state": "unsynchronised"},
    "interfaces": [
        {"name": "eth0", "is_up": True, "addresses": ["192.0.2.17"]},
        {"name": "wlan0", "is_up": False, "addresses": []},
    ],
}
WITHIN_S = 30
NAMES = {"/": "slash", ":": "colon", " ": "space"}


class Errands:
    """Answers what the bench sends out. ``wrong``: the fault that an errand comes back with, by its command."""

    def __init__(self, cache: Path) -> None:
        self.sent: list[str] = []
        self.wrong: dict[str, dict[str, Any]] = {}
        self._cache = cache

    def run(self, errand: Errand, _data_dir: Path) -> dict[str, Any]:
        """Fits `scanner.installing.errands.run`."""
        name = errand.arguments[0]
        self.sent.append(name)
        if name in self.wrong:
            return {"ok": False, "message": "", "hint": "", **self.wrong[name]}
        if name == "network":
            return dict(REACHED)
        if name == "enrol":
            enrol(self._cache)
        if name == "sync":
            place(self._cache, open_site())
        return {"ok": True, "code": "ok"}


class NearBench:
    """Fits `ui.gate_line.GateLine`: a bench in this process, asked by one thread at a time."""

    def __init__(self, config_path: Path, errands: Errands) -> None:
        self.bench = Bench(config_path, SystemClock(), errands.run)
        self.bench.begin()
        self._commands = self.bench.commands()
        self._lock = threading.Lock()
        self.is_gone = False

    def ask(self, do: str, within_s: float = 2.0, **fields: object) -> Reply:
        """As over the pipe, with a look through the eye before."""
        del within_s
        if self.is_gone:
            raise SilentError("gone")
        with self._lock:
            self.bench.tick()
            return answer(self._commands, json.dumps({"do": do, **fields}).encode())

    def listen(self) -> Iterator[Reply | None]:
        """A bench tells nothing by itself."""
        pause = threading.Event()
        while True:
            pause.wait(0.05)
            yield None

    def close(self) -> None:
        """As when the other end is gone."""
        self.bench.close()


class SetupStage:
    """One wizard at work."""

    def __init__(
        self,
        config_path: Path,
        bench: GateLine,
        language: str = "en",
        gate: GateLine | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.bench = bench
        clock = clock or ScreenClock()
        self.wizard = Wizard(
            bench,
            lambda folder: gate or SocketLine(Path(folder) / "gate.sock", clock),
            clock,
            language,
        )
        self.config_path = config_path
        self.pilot: Pilot[None]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until the screen shows it."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while not is_so():
                    await asyncio.sleep(0.06)
        except TimeoutError:
            raise AssertionError(self.text()) from None
        for _round in range(2):
            await self.pilot._wait_for_screen()

    async def press(self, *keys: str) -> None:
        """Keys one after the other; letters without a pause."""
        driver = self.wizard._driver
        assert driver is not None
        for key in keys:
            event = Key(NAMES.get(key, key), key if len(key) == 1 else None)
            event.set_sender(self.wizard)
            driver.send_message(event)
            if len(key) > 1:
                await self.pilot.pause()
        await self.pilot.pause()

    def text(self) -> str:
        """All of the screen."""
        strips = self.wizard.screen._compositor.render_strips()
        rows = ("".join(segment.text for segment in strip) for strip in strips)
        return "\n".join(rows).replace("\N{NO-BREAK SPACE}", " ")

    async def shows(self, *words: str) -> None:
        """Wait until these are to be read."""
        await self.until(lambda: all(word in self.text() for word in words))

    async def at(self, step: str) -> None:
        """Wait until the bench knows of this step, too."""
        await self.until(
            lambda: self.wizard.step == step and self.wizard.board.at("look", "step") == step
        )


@asynccontextmanager
async def at_work(stage: SetupStage, width: int, height: int) -> AsyncIterator[SetupStage]:
    """The wizard runs and has heard of its bench."""
    async with stage.wizard.run_test(size=(width, height)) as pilot:
        stage.pilot = pilot
        await stage.until(lambda: bool(stage.wizard.step))
        yield stage


def lead(
    story: Callable[[SetupStage], Awaitable[None]],
    stage: SetupStage,
    width: int = 100,
    height: int = 30,
) -> SetupStage:
    """Run a story to its end."""

    async def run() -> None:
        async with at_work(stage, width, height):
            await story(stage)

    asyncio.run(run())
    return stage
