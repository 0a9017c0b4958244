"""The line to the bench: a child process, one JSON object a line each way.

Law: every wait has an end. When this side is gone the bench sees it, locks the arm and ends; when the bench is gone
without having ended tidily, the relays are switched off by the program that does nothing else.

Source: docs/console.md, "Set-up"; docs/adr/0018-the-wizard-has-a-bench-of-its-own.md.
"""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ui.gate_line import ANSWER_WITHIN_S, QUIET_S, Reply, SilentError

PROGRAM = "from scanner.cli import main; main()"
END_WITHIN_S = 5.0
START_WITHIN_S = 15.0
TOLD_BYTES = 4_096


class BenchLine:
    """Fits `ui.gate_line.GateLine`; one question at a time, from any thread."""

    def __init__(self, config_path: Path) -> None:
        self._config_path = config_path
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._left = b""
        self._count = 0
        self._words = ""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", PROGRAM, "fit", "--config", str(config_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def ask(self, do: str, within_s: float = ANSWER_WITHIN_S, **fields: object) -> Reply:
        """See `GateLine`. The first question waits for the bench's start."""
        with self._lock:
            self._count += 1
            asked = {**fields, "do": do, "n": self._count}
            try:
                self._stdin.write(json.dumps(asked).encode() + b"\n")
                self._stdin.flush()
                while True:
                    reply: Reply = json.loads(self._line(max(within_s, START_WITHIN_S)))
                    if reply.get("n") == self._count:
                        return reply
            except (OSError, ValueError) as error:
                raise SilentError(str(error)) from error

    def listen(self) -> Iterator[Reply | None]:
        """The bench tells nothing by itself."""
        while not self._closed.wait(QUIET_S):
            yield None

    def last_words(self) -> str:
        """Why it ended, if it did: one sentence, as a command says it."""
        stderr = self._process.stderr
        if self._process.poll() is not None and stderr is not None and not stderr.closed:
            self._words = stderr.read(TOLD_BYTES).decode("utf-8", "replace").strip()
        return self._words

    def close(self) -> None:
        """Let the bench lock the arm and end; make sure of it where it does not."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            status = self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self.last_words()
        for end in (self._process.stdout, self._process.stderr):
            if end is not None:
                end.close()
        if status < 0:
            self._make_safe()

    def _make_safe(self) -> None:
        words = (
            sys.executable,
            "-I",
            "-m",
            "hardware.relay_safe",
            "--config",
            str(self._config_path),
        )
        subprocess.run(words, check=False, capture_output=True, timeout=END_WITHIN_S * 4)

    @property
    def _stdin(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise OSError("no line")
        return self._process.stdin

    def _line(self, within_s: float) -> bytes:
        """The next line."""
        source = self._process.stdout
        if source is None:
            raise OSError("no line")
        while b"\n" not in self._left:
            if not select.select([source], [], [], within_s)[0]:
                raise TimeoutError("the bench does not answer")
            chunk = source.read1(65_536)  # type: ignore[attr-defined]
            if not chunk:
                raise OSError("the bench has ended")
            self._left += chunk
        line, _, self._left = self._left.partition(b"\n")
        return line
