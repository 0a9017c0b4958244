"""A lane's clock in a rehearsal: true time, what the lane's clock makes of it, and how far that is trusted.

Law: the judgement is `scanner.core.clock`'s; only what the machine would show is made up. A story says what state the
clock is in, so a state that no machine could be in by itself (a trusted boot that turns untrusted) is put there.

Source: docs/rehearsal.md, "Clocks".
"""

from __future__ import annotations

from dataclasses import replace

from scanner.core import clock
from scanner.core.clock import (
    ClockFact,
    ClockOffset,
    ClockReading,
    ClockSample,
    ClockSource,
    ClockState,
)
from scanner.core.units import DAY_S, SECOND_MS, BootId, Instant, MonoMs

UPTIME_MS = DAY_S * SECOND_MS
"""How long a lane has been running when the story begins."""


class RehearsedClock:
    """Fits `scanner.ports.ClockPort`.

    Args:
        name: of the lane; tells its boots from those of others.
        at: true time when the story begins.
        has_rtc: it keeps time through a power cut.
    """

    def __init__(self, name: str, at: Instant, *, has_rtc: bool) -> None:
        self._name = name
        self._has_rtc = has_rtc
        self._at = at
        self._boots = 1
        self._booted_at = Instant(at - UPTIME_MS)
        self._wall_offset_ms = 0
        self._is_synchronised = True
        self._rtc_set_at: Instant | None = None
        self._last_set_at = at
        self._memory = clock.started(Instant(0))
        self._facts: list[ClockFact] = []
        self.ahead_ms = 0
        """Monotonic ms that a passage takes; a story's own time does not go by meanwhile."""

    def go_to(self, at: Instant) -> None:
        """True time goes by."""
        self._at = at

    def reading(self) -> ClockReading:
        """Now, judged."""
        mono, wall = self._at - self._booted_at, Instant(self._at + self._wall_offset_ms)
        if self._is_synchronised:
            self._last_set_at = wall
        sample = ClockSample(
            wall=wall,
            mono=MonoMs(mono),
            boot=self.boot,
            is_synchronised=self._is_synchronised,
            rtc_set_at=self._rtc_set_at,
        )
        self._memory, reading, facts = clock.step(self._memory, sample)
        self._facts += facts
        return replace(reading, mono=self.mono)

    def facts(self) -> tuple[ClockFact, ...]:
        """What has to be recorded before anything is decided by the last reading; handed over once."""
        facts, self._facts = tuple(self._facts), []
        return facts

    @property
    def mono(self) -> MonoMs:
        """This boot's monotonic time, with what a passage takes."""
        return MonoMs(self._at - self._booted_at + self.ahead_ms)

    @property
    def boot(self) -> BootId:
        """Which boot this is."""
        return BootId(f"{self._name}:{self._boots}")

    def learn(self, created_at: Instant) -> None:
        """A snapshot made at that instant came in."""
        self._memory = clock.informed(self._memory, created_at)

    def set(self, state: ClockState, wall: Instant | None) -> None:
        """The story says what the clock is worth, and shows."""
        if wall is not None:
            self._wall_offset_ms = wall - self._at
        self._rtc_set_at = None
        self._is_synchronised = state is ClockState.TRUSTED
        if state is ClockState.UNTRUSTED:
            self._memory = replace(self._memory, offset=None)
        elif state is ClockState.HOLDOVER:
            offset_ms = self._at + self._wall_offset_ms - self._booted_at
            kept = ClockOffset(self.boot, offset_ms, ClockSource.KERNEL)
            self._memory = replace(self._memory, boot=self.boot, offset=kept)

    def contact(self) -> None:
        """The central tells the time: right and trusted."""
        self._wall_offset_ms, self._is_synchronised, self._rtc_set_at = 0, True, None

    def restart(self, floor: Instant, *, is_in_contact: bool) -> None:
        """A new boot: in contact it learns the time at once, else only a clock chip can vouch for what it shows."""
        self._boots += 1
        self._booted_at = self._at
        self._memory = clock.started(floor)
        if is_in_contact:
            self.contact()
            return
        self._is_synchronised = False
        self._rtc_set_at = self._last_set_at if self._has_rtc else None
