"""The console's clock: only for "since when", for pauses between two asks, and for how long an answer stays.

Law: the one file of the screens that reads the system's time. What a gate says of time is the gate's own.

Source: docs/architecture.md, "Ports".
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the console wants of time."""

    def now_ms(self) -> int:
        """Wall time, ms since 1970."""

    def monotonic_ms(self) -> int:
        """For lengths."""


class SystemClock:
    """This machine's."""

    def now_ms(self) -> int:
        """See `Clock`."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """See `Clock`."""
        return time.monotonic_ns() // 1_000_000
