"""The console: from its start to its first picture, and from a key to what it shows, in a terminal of its own.

Law: the real `portillon-console` on a pseudo-terminal of 100 × 30, over a real control socket with scripted answers.
Time of the wall, as a person feels it, and of the processor, which a busy machine changes less. A key is answered when
the tab's own words are in what the program wrote. No test asserts a time.

Use: `python benchmarks console`, `python benchmarks/console_bench.py`.

Source: docs/console.md, "First picture".
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from time import perf_counter

from figures import Figure, show

from scanner.control import ControlSocket

TESTS = Path(__file__).resolve().parent.parent / "tests"
PROGRAM = "from ui.cli import main; main()"
STARTS, ROUNDS = 3, 6
GIVE_UP_S = 30.0
COLUMNS, ROWS = 100, 30
SETTLED_S = 0.4
"""After a key: what the tab asks has come and is drawn."""
TABS = {
    b"2": b"outcome:",
    b"3": b"Facts to the central",
    b"6": b"not as shipped",
    b"7": b"gate Museum 1",
    b"5": b"Battery clock",
    b"1": b"Show your code",
}
"""A key, and words that only its tab has."""
ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[=>])")
NS_PER_MS = 1_000_000


class _Terminal:
    """The program, what it wrote, and the processor's time that it took."""

    def __init__(self, pid: int, file: int) -> None:
        self._pid, self._file = pid, file
        self._written = b""

    def cpu_ms(self) -> float:
        """Of all its threads, its own start included."""
        told = Path(f"/proc/{self._pid}/task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in told) / NS_PER_MS

    def press(self, key: bytes) -> None:
        """A key, and forget what was written before."""
        self._written = b""
        os.write(self._file, key)

    def reads(self, words: bytes) -> bool:
        """Take in what comes within 5 ms; are the words there?"""
        ready, _, _ = select.select([self._file], [], [], 0.005)
        if ready:
            with suppress(OSError):
                self._written += os.read(self._file, 65_536)
        return words in ESCAPES.sub(b"", self._written).replace(b"\xc2\xa0", b" ")

    def until(self, words: bytes) -> tuple[float, float]:
        """Wait for them; seconds of the wall and ms of the processor since now."""
        began, before = perf_counter(), self.cpu_ms()
        while not self.reads(words):
            if perf_counter() - began > GIVE_UP_S:
                raise RuntimeError(f"{words!r} never came: {self._written[-400:]!r}")
        return perf_counter() - began, self.cpu_ms() - before

    def settle(self) -> None:
        """Let it come to rest."""
        began = perf_counter()
        while perf_counter() - began < SETTLED_S:
            self.reads(b"\0")


@contextmanager
def _console(runtime: Path) -> Iterator[_Terminal]:
    pid, file = pty.fork()
    if not pid:
        os.environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, "--runtime-dir", str(runtime)])
    fcntl.ioctl(file, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    try:
        yield _Terminal(pid, file)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(file)


@contextmanager
def _gate(runtime: Path) -> Iterator[None]:
    """A gate's real socket; its answers are those of the screens' pictures."""
    sys.path.append(str(TESTS))
    from support import scripted_gate as script

    replies = {
        "overview": script.OVERVIEW,
        "scans": script.SCANS,
        "peers": script.PEERS,
        "doctor": script.DOCTOR,
        "settings": script.SETTINGS,
        "log": script.LOG,
    }
    control = ControlSocket(runtime / "gate.sock")
    control.offer_aside({do: _telling(reply) for do, reply in replies.items()})
    try:
        yield
    finally:
        control.close()


def _telling(reply: dict[str, object]) -> Callable[[object], dict[str, object]]:
    return lambda _body: dict(reply)


def rows() -> list[Figure]:
    """The figures of this file."""
    first, keys = list[tuple[float, float]](), list[tuple[float, float]]()
    with tempfile.TemporaryDirectory() as name, _gate(Path(name)):
        for _ in range(STARTS):
            with _console(Path(name)) as terminal:
                first.append(terminal.until("█".encode()))
                terminal.until(b"clock trusted")
                terminal.settle()
                keys += _pressed(terminal)
    return [
        _figure("console, start → first picture", first, 300),
        _figure("console, key → what it shows", keys, 50),
    ]


def _pressed(terminal: _Terminal) -> Iterator[tuple[float, float]]:
    """Every tab in turn; the first round, which builds them, does not count."""
    for number in range(ROUNDS):
        for key, words in TABS.items():
            terminal.press(key)
            found = terminal.until(words)
            if number:
                yield found
            terminal.settle()


def _figure(what: str, found: list[tuple[float, float]], must_ms: float) -> Figure:
    wall, cpu = (median(column) for column in zip(*found, strict=True))
    worst = max(column for column, _ in found) * 1_000
    note = f"{cpu:.0f} ms of the processor; longest {worst:.0f} ms"
    return Figure(None, what, wall * 1_000, "ms", must_ms, None, note)


if __name__ == "__main__":
    show(rows())
