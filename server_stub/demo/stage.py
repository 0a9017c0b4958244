"""The stage: the real programs as processes, the pictures in front of the camera, and an ear at the gate.

Law: talks to the programs as people and machines do (command line, control socket, files put by rename) and reaches
into none of them. Every wait has an end and says what it waited for.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner.core.errors import CentralError

Notice = dict[str, Any]
Picture = NDArray[np.uint8]

START_WITHIN_S = 30.0
END_WITHIN_S = 15.0
POLL_S = 0.05
PROGRAMS = {
    "portillon": "scanner.cli",
    "portillon-central": "server_stub.cli",
    "portillon-console": "ui.cli",
}


class DemoStuckError(CentralError):
    """A part of the demo did not do within its time what the story needs."""

    def __init__(self, what: str, within_s: float, look_at: Path | None = None) -> None:
        hint = (
            f"see {look_at}" if look_at is not None else "run it again; see docs/troubleshooting.md"
        )
        super().__init__("demo_stuck", f"{what} did not happen within {within_s:g} s", hint)


def command(program: str, *arguments: str) -> list[str]:
    """How one of our programs is started with this very Python, installed or not."""
    module = PROGRAMS[program]
    return [sys.executable, "-c", f"from {module} import main; main()", *arguments]


def run(program: str, *arguments: str, stdin: str | None = None) -> str:
    """Run a program to its end; its standard output.

    Raises:
        CentralError: ``demo_command_failed`` with what it printed.
    """
    done = subprocess.run(
        command(program, *arguments), input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CentralError(
            "demo_command_failed",
            f"{program} {' '.join(arguments[:3])} … ended with {done.returncode}: {done.stderr.strip()[-600:]}",
            "run the same command by itself",
        )
    return done.stdout


def wait_until(
    is_so: Callable[[], bool], what: str, within_s: float, look_at: Path | None = None
) -> None:
    """Wait for something that another process brings about.

    Raises:
        DemoStuckError: it did not come in time.
    """
    pause = threading.Event()
    for _ in range(int(within_s / POLL_S) + 1):
        if is_so():
            return
        pause.wait(POLL_S)
    raise DemoStuckError(what, within_s, look_at)


@dataclass(slots=True)
class Program:
    """One of our programs, running, its output in a log."""

    name: str
    arguments: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again)."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command(self.name, *self.arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL: as if the power were cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what does not listen."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "nothing"

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self.process is not None and self.process.poll() is None


def ask_gate(path: Path, do: str, **fields: object) -> Notice:
    """One request to a gate's socket, by somebody who does not listen otherwise: listeners are few."""
    with socket.socket(socket.AF_UNIX) as gate:
        gate.settimeout(10)
        gate.connect(str(path))
        gate.sendall(json.dumps({"do": do, **fields}).encode() + b"\n")
        reply: Notice = json.loads(gate.makefile("rb").readline())
        return reply


class Ear:
    """Listens to a gate's notices until the gate ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.notices: queue.Queue[Notice] = queue.Queue()
        self._pause = threading.Event()
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(path))
        self._connection.sendall(b'{"do": "watch"}\n')
        self._lines = self._connection.makefile("rb")
        if not json.loads(self._lines.readline())["ok"]:
            raise DemoStuckError("being heard by the gate", 0)
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, do: str, **fields: object) -> Notice:
        """One request on a connection of its own."""
        return ask_gate(self._path, do, **fields)

    def hear(self, events: Sequence[str], within_s: float, what: str) -> Notice:
        """The next notice of one of these kinds; others are dropped.

        Raises:
            DemoStuckError: none came in time.
        """
        pause_s = within_s
        while True:
            try:
                notice = self.notices.get(timeout=pause_s)
            except queue.Empty as error:
                raise DemoStuckError(what, within_s) from error
            if notice["event"] in events:
                return notice

    def drain(self) -> list[Notice]:
        """What was said and not yet heard."""
        heard = []
        while not self.notices.empty():
            heard.append(self.notices.get_nowait())
        return heard

    def pause(self, seconds: float) -> None:
        """Wait a little."""
        self._pause.wait(seconds)

    def close(self) -> None:
        """Stop listening; the gate sees it at once, though a thread still reads."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _listen(self) -> None:
        try:
            for line in self._lines:
                self.notices.put(json.loads(line))
        except (OSError, ValueError):
            return


@dataclass(slots=True)
class Screen:
    """What the gate's replay camera looks at: pictures put into a folder, by rename, in order."""

    folder: Path
    shown: int = 0
    written: list[Path] = field(default_factory=list)

    def show(self, picture: Picture) -> None:
        """Put one picture in front of the camera, where it stays until the next."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.shown += 1
        final = self.folder / f"{self.shown:06d}.png"
        partial = self.folder.parent / f"{final.name}.partial.png"
        # fast compression: the camera waits for these
        cv2.imwrite(str(partial), picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        partial.replace(final)
        self.written.append(final)


def load_json(text: str) -> Mapping[str, Any]:
    """What one of our programs printed with ``--json``."""
    parsed: Mapping[str, Any] = json.loads(text)
    return parsed
