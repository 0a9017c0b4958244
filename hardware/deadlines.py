"""Waking when a deadline is due: by a thread of its own, or by virtual time.

Law: a keeper does nothing but wait and call. Nobody else's work runs on its thread, so nobody can delay it; it says
itself whether it is alive, and never says so when it is not.

Source: docs/hardware.md, "The pulse".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

HEARTBEAT_MS = 500
"""A keeper without deadlines still wakes this often, to prove that it can."""
STALE_AFTER_MS = 2_000

Expire = Callable[[], int | None]
"""Do what is due, and say when the next deadline is (monotonic ms), or None."""


class Keeper(Protocol):
    """Calls ``expire`` whenever a deadline is due."""

    def start(self, expire: Expire) -> None:
        """Begin to keep; called once."""

    def wake(self) -> None:
        """Deadlines have changed: ask again."""

    def is_live(self) -> bool:
        """True when the keeper has shown lately that it can act."""

    def stop(self) -> None:
        """End for good. Idempotent."""


class ThreadKeeper:
    """Waits in a thread of its own.

    Args:
        monotonic_ms: the clock that deadlines are on.
        name: of the thread, as ``ps -L`` shows it.
    """

    def __init__(self, monotonic_ms: Callable[[], int], name: str) -> None:
        self._monotonic_ms = monotonic_ms
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._condition = threading.Condition()
        self._is_woken = False
        self._is_stopping = False
        self._beat_ms = monotonic_ms()
        self._expire: Expire = lambda: None

    def start(self, expire: Expire) -> None:
        self._expire = expire
        self._thread.start()

    def wake(self) -> None:
        with self._condition:
            self._is_woken = True
            self._condition.notify()

    def is_live(self) -> bool:
        is_fresh = self._monotonic_ms() - self._beat_ms <= STALE_AFTER_MS
        return self._thread.is_alive() and is_fresh

    def stop(self) -> None:
        with self._condition:
            self._is_stopping = True
            self._condition.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping:
            due_ms = self._expire()
            self._beat_ms = self._monotonic_ms()
            self._wait_until(due_ms)

    def _wait_until(self, due_ms: int | None) -> None:
        wait_ms = HEARTBEAT_MS if due_ms is None else min(due_ms - self._beat_ms, HEARTBEAT_MS)
        with self._condition:
            if not (self._is_woken or self._is_stopping) and wait_ms > 0:
                self._condition.wait(wait_ms / 1_000)
            self._is_woken = False
