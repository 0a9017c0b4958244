"""The lane screen in Textual's pilot, over a real control socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from scanner.control import ControlSocket
from ui.lane_screen import LaneScreen

STATUS: dict[str, Any] = {
    "gate": {"name": "G1"},
    "clock": {"state": "trusted"},
    "snapshot": None,
    "camera": {"state": "streaming"},
    "simulated": True,
    "lane": {"mode": "normal"},
}
WELCOME = {
    "event": "scan",
    "reason": "OK",
    "remaining": 49,
    "colour": "green",
    "icon": "✔",
    "word": "WELCOME",
}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[ControlSocket]:
    """A gate's control socket without a gate behind it."""
    control = ControlSocket(tmp_path / "gate.sock")
    control.offer({"status": lambda _body: dict(STATUS)})
    stop = threading.Event()

    def serve() -> None:
        while not stop.wait(0.005):
            control.serve_waiting()

    lane = threading.Thread(target=serve)
    lane.start()
    yield control
    stop.set()
    lane.join()
    control.close()


async def _until(screen: LaneScreen, word: str) -> None:
    async with asyncio.timeout(20):
        while screen.view.word != word:
            await asyncio.sleep(0)


async def _shows_the_answer(gate: ControlSocket, path: Path) -> None:
    screen = LaneScreen(path)
    async with screen.run_test(size=(80, 24)) as pilot:
        async with asyncio.timeout(20):
            while "SIMULATION" not in screen.view.signs:
                await asyncio.sleep(0)
            while screen.view.word != "WELCOME":
                gate.notify(WELCOME)
                await pilot.pause(0.05)
        await pilot.pause()
        assert "49 left" in str(screen.query_one("#lines", Static).render())
        assert screen.query_one("#outcome").has_class("green")


def test_an_answer_fills_the_screen(gate: ControlSocket, tmp_path: Path) -> None:
    asyncio.run(_shows_the_answer(gate, tmp_path / "gate.sock"))


async def _says_that_nobody_answers(path: Path) -> None:
    screen = LaneScreen(path)
    async with screen.run_test(size=(80, 24)):
        await _until(screen, "NO ANSWER FROM THE GATE")


def test_a_missing_gate_is_said(tmp_path: Path) -> None:
    asyncio.run(_says_that_nobody_answers(tmp_path / "none.sock"))
