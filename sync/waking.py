"""When the worker is due: at its time, at a notice, and when the gate has recorded something.

Law: waits, decides nothing. The gate's ledger is watched by one ``stat`` of its write-ahead log every `LOOK_S`: every
commit of the gate writes there, and the gate's process, which has no network and must not wait for anybody, tells
nobody. A commit can be read only after its flush, later than the log's time says, so for `SETTLE_MS` after a change the
ledger itself is asked whether it holds more than was sent. Contacts that are woken for begin at least `BETWEEN_S`
apart, so that a crowd costs a central no more than that.

Source: docs/sync.md, "The worker".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from scanner.core.units import SECOND_MS
from sync.clock_proof import Clock

LOOK_S = 0.1
BETWEEN_S = 0.25
SETTLE_MS = 5_000
"""A flush of a disk that is not broken takes less."""

_Stamp = tuple[int, int, int] | None


class Alarm:
    """What wakes the worker. `ring` may be called from any thread.

    Args:
        ledger_path: the gate's ledger.
        clock: whose monotonic time counts.
        stop: ends every wait.
        has_more: does the ledger hold more than was sent? Asked only while its log has just changed.
    """

    def __init__(
        self, ledger_path: Path, clock: Clock, stop: threading.Event, has_more: Callable[[], bool]
    ) -> None:
        self._log_path = ledger_path.with_name(ledger_path.name + "-wal")
        self._clock = clock
        self._stop = stop
        self._rung = threading.Event()
        self._has_more = has_more
        self._seen: _Stamp = None
        self._changed_ms = clock.monotonic_ms()
        self._began_ms = clock.monotonic_ms()

    def ring(self) -> None:
        """There may be something new."""
        self._rung.set()

    def begin(self) -> None:
        """A contact begins: it sees whatever was before now."""
        self._rung.clear()
        self._began_ms = self._clock.monotonic_ms()

    def wait(self, seconds: float, *, hears: bool = True, watches: bool = True) -> bool:
        """Wait so long at most; True when woken before. Ends at once when the worker is told to stop.

        Args:
            seconds: at most.
            hears: a notice wakes.
            watches: a new fact of the gate wakes.
        """
        until_ms = self._clock.monotonic_ms() + seconds * SECOND_MS
        earliest_ms = self._began_ms + BETWEEN_S * SECOND_MS
        while not self._stop.is_set():
            now_ms = self._clock.monotonic_ms()
            if now_ms >= earliest_ms and self._is_due(hears=hears, watches=watches):
                return True
            if now_ms >= until_ms:
                return False
            self._rest(until_ms - now_ms, is_early=now_ms < earliest_ms or not hears)
        return False

    def _is_due(self, *, hears: bool, watches: bool) -> bool:
        is_rung = hears and self._rung.is_set()
        return is_rung or (watches and self._is_news_recorded())

    def _is_news_recorded(self) -> bool:
        now_ms, stamp = self._clock.monotonic_ms(), _stamp(self._log_path)
        if stamp != self._seen:
            self._seen, self._changed_ms = stamp, now_ms
        return now_ms - self._changed_ms <= SETTLE_MS and self._has_more()

    def _rest(self, left_ms: float, *, is_early: bool) -> None:
        rest_s = min(LOOK_S, left_ms / SECOND_MS)
        # before its time a bell that rings already would end no wait
        (self._stop if is_early else self._rung).wait(rest_s)


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
