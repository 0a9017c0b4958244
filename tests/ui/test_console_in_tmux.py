"""The real program in a real terminal: tmux at three sizes shows the words that the pilot shows at the same size."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from scanner.control import ControlSocket
from support.console_stage import Stage, play
from support.eventually import eventually
from support.scripted_gate import OVERVIEW, PEERS, SCANS
from ui.system_clock import SystemClock

SIZES = [(80, 24), (120, 34), (200, 50)]
PROGRAM = "from ui.cli import main; main()"
WORD = re.compile(r"[A-Za-z][A-Za-z_]+|\d[\d.,:]*")


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(self, name: str) -> None:
        self._tmux = ["tmux", "-L", f"portillon-{name}", "-f", "/dev/null"]

    def tell(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout

    def shows(self, words: list[str]) -> bool:
        return self.words() == words

    def words(self) -> list[str]:
        return WORD.findall(self.tell("capture-pane", "-p"))


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A gate's real socket with scripted answers; its folder."""
    control = ControlSocket(tmp_path / "gate.sock")
    replies = {"overview": OVERVIEW, "scans": SCANS, "peers": PEERS}
    control.offer_aside({do: lambda _body, told=told: dict(told) for do, told in replies.items()})
    yield tmp_path
    control.close()


@contextmanager
def terminal(gate: Path, width: int, height: int) -> Iterator[Terminal]:
    """The program in a terminal of this size."""
    found = Terminal(f"{gate.name}-{width}")
    program = shlex.join(
        [sys.executable, "-c", PROGRAM, "--runtime-dir", str(gate), "--lang", "en"]
    )
    size = ("-x", str(width), "-y", str(height))
    found.tell("new-session", "-d", *size, f"env -u COLUMNS -u LINES TERM=tmux-256color {program}")
    try:
        yield found
    finally:
        found.tell("kill-server")


def expected() -> list[list[str]]:
    """The words of the list of scans at each size, by the pilot."""
    shown: list[list[str]] = []

    async def story(stage: Stage) -> None:
        await stage.tab("scans")
        for width, height in SIZES:
            await stage.pilot.resize_terminal(width, height)
            await stage.shows("ALREADY SCANNED", "Commands")
            shown.append(WORD.findall(stage.text()))

    play(story, Stage(clock=SystemClock()), width=80, height=24)
    return shown


@pytest.mark.timeout(180)
@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_three_sizes_of_a_real_terminal_show_the_same_words(gate: Path) -> None:
    for (width, height), words in zip(SIZES, expected(), strict=True):
        with terminal(gate, width, height) as shown:
            assert eventually(lambda t=shown: "Commands" in t.words(), within_s=40)  # type: ignore[misc]
            shown.tell("send-keys", "2")
            eventually(partial(shown.shows, words), within_s=20)
            assert shown.words() == words, f"{width} × {height}"
