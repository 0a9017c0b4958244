"""The release pulse: on now, off at an instant that no other thread can delay.

Law: a deadline is on the guard's books before the coil is switched on, and the guard never waits for anybody's
input/output. Whoever comes late with switching on finds the deadline gone and switches off again. A pulse is 100 to
2,000 ms long; more is a mistake of ours. A line that will not switch off is tried again for ever, and the guard says
that it is not live, so that the watchdog restarts us.

Source: docs/hardware.md, "The pulse".
"""

from __future__ import annotations

import threading

from hardware.pins import PinBank
from hardware.settings import PULSE_MS
from hardware.system_clock import Clock
from scanner.core.errors import DeviceError

RETRY_MS = 50


class PulseGuard:
    """Keeps the end of every pulse on a bank.

    Args:
        bank: holds the relays' lines; only the guard sets them.
        clock: gives the time and the keeper that wakes at deadlines.
    """

    def __init__(self, bank: PinBank, clock: Clock) -> None:
        self._bank = bank
        self._clock = clock
        self._keeper = clock.keeper("pulse-guard")
        self._lock = threading.Lock()
        self._off_at: dict[str, int | None] = {}
        self._lines: set[str] = set()
        self._failing: set[str] = set()
        self._keeper.start(self._expire)

    def pulse(self, line: str, duration_ms: int) -> None:
        """Switch on now and off after ``duration_ms``. Returns at once.

        Raises:
            DeviceError: ``line_failed``; the line is off, or the guard is trying.
        """
        shortest, longest = PULSE_MS
        if not shortest <= duration_ms <= longest:
            raise RuntimeError(f"a pulse of {duration_ms!r} ms (valid: {shortest}..{longest} ms)")
        with self._lock:
            self._lines.add(line)
            if line in self._off_at and self._off_at[line] is None:
                return
            self._off_at[line] = self._clock.monotonic_ms() + duration_ms
        self._keeper.wake()
        self._switch_on(line)

    def hold(self, line: str) -> None:
        """Switch on until `release`."""
        with self._lock:
            self._lines.add(line)
            self._off_at[line] = None
        self._switch_on(line)

    def release(self, line: str) -> None:
        """Switch off now, pulse or hold.

        Raises:
            DeviceError: ``line_failed``; the guard goes on trying.
        """
        with self._lock:
            self._off_at.pop(line, None)
        self._switch_off(line)

    def is_on(self, line: str) -> bool:
        """True from the start of a pulse or hold to its end."""
        with self._lock:
            return line in self._off_at

    def is_live(self) -> bool:
        """True when every deadline is kept: the watchdog's question."""
        return self._keeper.is_live() and not self._failing

    def force_safe(self) -> None:
        """Switch off every line that was ever on; all are tried before the first error is raised."""
        errors: list[DeviceError] = []
        with self._lock:
            lines = sorted(self._lines)
        for line in lines:
            try:
                self.release(line)
            except DeviceError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Safe, and no more pulses. Idempotent."""
        try:
            self.force_safe()
        finally:
            self._keeper.stop()
            with self._lock:
                self._lines.clear()

    def _switch_on(self, line: str) -> None:
        try:
            self._bank.set(line, True)
        except DeviceError:
            self._retry_off(line)
            raise
        with self._lock:
            is_overtaken = line not in self._off_at
        if is_overtaken:
            self._switch_off(line)

    def _switch_off(self, line: str) -> None:
        try:
            self._bank.set(line, False)
        except DeviceError:
            self._retry_off(line)
            raise
        self._failing.discard(line)

    def _retry_off(self, line: str) -> None:
        self._failing.add(line)
        with self._lock:
            self._off_at[line] = self._clock.monotonic_ms() + RETRY_MS
        self._keeper.wake()

    def _expire(self) -> int | None:
        now_ms = self._clock.monotonic_ms()
        with self._lock:
            for line in [n for n, at in self._off_at.items() if at is not None and at <= now_ms]:
                self._expire_line(line, now_ms)
            deadlines = [at for at in self._off_at.values() if at is not None]
        return min(deadlines, default=None)

    def _expire_line(self, line: str, now_ms: int) -> None:
        try:
            self._bank.set(line, False)
        except DeviceError:
            self._failing.add(line)
            self._off_at[line] = now_ms + RETRY_MS
            return
        self._failing.discard(line)
        del self._off_at[line]


class Relay:
    """One relay of a direction, as the turnstile sees it."""

    def __init__(self, guard: PulseGuard, line: str, pulse_ms: int) -> None:
        self._guard = guard
        self._line = line
        self._pulse_ms = pulse_ms

    def pulse(self) -> None:
        """Release the arm for one person. Returns at once."""
        self._guard.pulse(self._line, self._pulse_ms)

    def hold(self) -> None:
        """Release the arm until `release`."""
        self._guard.hold(self._line)

    def release(self) -> None:
        """Lock the arm."""
        self._guard.release(self._line)

    def is_on(self) -> bool:
        """True while the coil is (meant to be) energised."""
        return self._guard.is_on(self._line)
