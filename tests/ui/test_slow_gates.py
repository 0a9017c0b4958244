"""A gate that takes the call and says nothing, or a letter at a time: the console goes on and says since when."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.console_stage import Stage
from ui.gate_line import SilentError, SocketLine
from ui.system_clock import SystemClock

TRICKLE_S = 0.05


@contextmanager
def mute_gate(path: Path, said: bytes) -> Iterator[threading.Event]:
    """Takes every call and never ends an answer; the event is set with the first call."""
    called, over, callers = threading.Event(), threading.Event(), list[socket.socket]()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(TRICKLE_S)

        def serve() -> None:
            while not over.is_set():
                try:
                    callers.append(server.accept()[0])
                    called.set()
                except TimeoutError:
                    pass
                for caller in callers:
                    try:
                        caller.sendall(said)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield called
        finally:
            over.set()
            thread.join(10)
            for caller in callers:
                caller.close()


def test_an_answer_that_trickles_gets_no_more_time_than_silence(tmp_path: Path) -> None:
    path, clock = tmp_path / "gate.sock", SystemClock()
    with mute_gate(path, b" "), pytest.raises(SilentError):
        SocketLine(path, clock).ask("overview", within_s=0.3)


def test_keys_are_answered_while_the_gate_is_not_and_since_when_is_said(tmp_path: Path) -> None:
    path, clock = tmp_path / "gate.sock", SystemClock()
    stage = Stage(clock=clock, line=SocketLine(path, clock))

    async def story(called: threading.Event) -> None:
        async with stage.console.run_test(size=(100, 30)) as stage.pilot:
            await stage.until(called.is_set)
            await stage.press("2")
            await stage.shows("scans: 0")
            await stage.press("f1")
            await stage.shows("Every scan that the ledger holds")
            assert stage.console.board.replies == {}, "all that before any answer"
            await stage.press("escape", "1")
            await stage.shows("no answer from the gate since")

    with mute_gate(path, b"") as called:
        asyncio.run(story(called))
