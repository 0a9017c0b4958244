"""The central's only clock.

Law: nothing else in this package asks the system for the time; whoever needs it is handed this clock. Instants are wall
time for people and rows; ages and time-outs inside the process are monotonic.
"""

from __future__ import annotations

import time

from scanner.core.units import Instant, MonoMs


class SystemClock:
    """The machine's time, which the central's operator keeps right (NTP)."""

    def now_ms(self) -> Instant:
        """Wall time."""
        return Instant(time.time_ns() // 1_000_000)

    def monotonic_ms(self) -> MonoMs:
        """Time that never steps, comparable only within this process."""
        return MonoMs(time.monotonic_ns() // 1_000_000)
