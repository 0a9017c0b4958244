"""One contact that bounces: when is a level a level?

Law: a level counts once it has been stable for the whole debounce time, as in the kernel's own debounce; the edge bears
the instant at which that was so. Fed with samples in the order of time; reads no clock.

Source: Linux drivers/gpio/gpiolib-cdev.c (software debounce); docs/hardware.md, "Inputs".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settled:
    """The level since ``at_ms``."""

    level: bool
    at_ms: int


class Debouncer:
    """One line.

    Args:
        level: what the line shows when it is requested; never an edge.
        debounce_ms: 0 = every change counts at once.
    """

    def __init__(self, *, level: bool, debounce_ms: int) -> None:
        self.level = level
        self._debounce_ms = debounce_ms
        self._raw = level
        self._changed_ms = 0

    def feed(self, *, level: bool, at_ms: int) -> Settled | None:
        """Take a sample; answers with the edge that was complete by then, if any."""
        settled = self.settle(at_ms)
        if level != self._raw:
            self._raw, self._changed_ms = level, at_ms
        return settled or self.settle(at_ms)

    def settle(self, now_ms: int) -> Settled | None:
        """The edge that is complete by ``now_ms``, if any."""
        due_ms = self._changed_ms + self._debounce_ms
        if self._raw == self.level or now_ms < due_ms:
            return None
        self.level = self._raw
        return Settled(self.level, due_ms)
