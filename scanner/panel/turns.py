"""Asides in turn: what a console asks that takes time and needs no lane, one at a time and not too often.

Law: whatever callers do, asides take at most one processor's thread and at most `PER_SECOND` begin in a second; more is
refused at once, so that a console that asks too fast harms nothing but itself.

Source: docs/architecture.md, "Control socket".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from scanner.control import Command, Reply
from scanner.core.errors import InputError

PER_SECOND = 20
"""A console that shows everything at once asks seven times a second."""
SECOND_MS = 1_000
WAIT_S = 2.0
"""For the aside before this one."""


class Turns:
    """Of one gate. ``now_ms``: monotonic."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._one_at_a_time = threading.Lock()
        self._counting = threading.Lock()
        self._second = 0
        self._begun = 0

    def taken(self, commands: Mapping[str, Command]) -> dict[str, Command]:
        """The same commands, each in its turn."""
        return {name: self._in_turn(command) for name, command in commands.items()}

    def _in_turn(self, command: Command) -> Command:
        def ask(body: Mapping[str, Any]) -> Reply:
            self._require_room()
            if not self._one_at_a_time.acquire(timeout=WAIT_S):
                raise InputError(
                    "control_aside_slow",
                    f"the question before this one takes longer than {WAIT_S:g} s; this one is dropped",
                    "ask again in a moment",
                )
            try:
                return command(body)
            finally:
                self._one_at_a_time.release()

        return ask

    def _require_room(self) -> None:
        with self._counting:
            second = self._now_ms() // SECOND_MS
            if second != self._second:
                self._second, self._begun = second, 0
            self._begun += 1
            if self._begun > PER_SECOND:
                raise InputError(
                    "control_too_often",
                    f"more than {PER_SECOND} questions a second; this one is dropped",
                    "ask less often",
                )
