"""Keeps a console's board fresh, from threads of its own: asks what is wanted, again and again, and hears what is told.

Law: the screen never waits for the gate. A question that hangs holds up other questions, never a key. Asks no more
often than wanted, and what nobody looks at is not asked.

Source: docs/console.md, "When the gate does not answer".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ui.gate_line import GateLine, Reply, SilentError
from ui.system_clock import Clock

RETRY_S = 1.0
"""Between two tries of a gate that is silent."""
SECOND_MS = 1_000


@dataclass(frozen=True, slots=True)
class Want:
    """Something to ask: ``every_s`` 0 = once, until it is wanted with other fields."""

    do: str
    every_s: float = 0.0
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer."""

    do: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Noticed:
    """The gate told something by itself."""

    notice: Reply


@dataclass(frozen=True, slots=True)
class Silent:
    """The gate does not answer."""

    since_ms: int


News = Heard | Noticed | Silent


class Link:
    """Two threads: one asks, one listens. ``deliver`` may be called from both."""

    def __init__(self, line: GateLine, clock: Clock, deliver: Callable[[News], None]) -> None:
        self._line = line
        self._clock = clock
        self._deliver = deliver
        self._wants: dict[str, Want] = {}
        self._asked: dict[str, tuple[Want, int]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._heard_ms = clock.now_ms()

    def start(self) -> None:
        """Begin to ask and to listen."""
        for work, name in ((self._keep_asking, "asking"), (self._keep_listening, "listening")):
            threading.Thread(target=work, name=name, daemon=True).start()

    def stop(self) -> None:
        """End both threads; a question under way ends by its own time."""
        self._stopped.set()
        self._woken.set()

    def want(self, *wants: Want) -> None:
        """What is looked at now; whatever is new is asked at once."""
        with self._lock:
            self._wants = {want.do: want for want in wants}
        self._woken.set()

    def ask_again(self, do: str) -> None:
        """What is known of ``do`` is old: ask now."""
        with self._lock:
            self._asked.pop(do, None)
        self._woken.set()

    def _keep_asking(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            is_silent = not all(self._asks(want) for want in self._due())
            self._woken.wait(RETRY_S if is_silent else self._pause_s())
            if is_silent:
                self._stopped.wait(RETRY_S)

    def _asks(self, want: Want) -> bool:
        """False where the gate is silent: then nothing more is asked of it for a while."""
        if self._stopped.is_set():
            return True
        try:
            reply = self._line.ask(want.do, **want.fields)
        except SilentError:
            self._deliver(Silent(self._heard_ms))
            return False
        self._heard_ms = self._clock.now_ms()
        with self._lock:
            self._asked[want.do] = (want, self._clock.monotonic_ms())
        self._deliver(Heard(want.do, reply))
        return True

    def _due(self) -> list[Want]:
        with self._lock:
            return [want for want in self._wants.values() if self._left_ms(want) == 0]

    def _left_ms(self, want: Want) -> float | None:
        """Until it is due; None: never again."""
        last = self._asked.get(want.do)
        if last is None or last[0] != want:
            return 0
        if not want.every_s:
            return None
        return max(0, last[1] + want.every_s * SECOND_MS - self._clock.monotonic_ms())

    def _pause_s(self) -> float | None:
        with self._lock:
            left = [ms for want in self._wants.values() if (ms := self._left_ms(want)) is not None]
        return min(left) / SECOND_MS if left else None

    def _keep_listening(self) -> None:
        while not self._stopped.is_set():
            try:
                for notice in self._line.listen():
                    if self._stopped.is_set():
                        return
                    if notice is not None and "event" in notice:
                        self._deliver(Noticed(notice))
            except SilentError:
                self._stopped.wait(RETRY_S)
