"""A clock that stands still until it is told otherwise."""

from __future__ import annotations


class FixedClock:
    """What `hardware.system_clock.SystemClock` offers, by hand."""

    def __init__(self, now_ms: int = 1_775_000_000_000, boot: str = "boot-1") -> None:
        self.now = now_ms
        self.mono = 1_000
        self.boot = boot

    def now_ms(self) -> int:
        return self.now

    def monotonic_ms(self) -> int:
        return self.mono

    def boot_id(self) -> str:
        return self.boot

    def pass_ms(self, milliseconds: int) -> None:
        """Let time go by, on both clocks."""
        self.now += milliseconds
        self.mono += milliseconds
