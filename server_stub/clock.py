"""What the central asks of a clock."""

from __future__ import annotations

from typing import Protocol

from scanner.core.units import Instant, MonoMs


class Clock(Protocol):
    """Handed down by the composition root."""

    def now_ms(self) -> Instant:
        """Wall time."""
        ...

    def monotonic_ms(self) -> MonoMs:
        """Time that never steps, comparable only within this process."""
        ...
