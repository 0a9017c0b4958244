"""A rehearsal's arm and disk: the simulated turnstile and the real ledger, doing what the story says.

Law: only what the story decides is made up: whether somebody walks, and whether the disk has room. A passage takes time
at the arm, none in the story: what the pins report is told as happening now.

Source: docs/rehearsal.md, "Through a whole gate".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hardware.inputs import Signal
from hardware.simulated import SimulatedTurnstile, Visitor, simulated_settings
from hardware.virtual_clock import VirtualClock
from scanner.core.events import Fact, Identity
from scanner.core.rehearsal_clock import RehearsedClock
from scanner.records.ledger import Ledger, needs_room
from scanner.records.ledger_faults import reserve_fault

WALK_MS = 200
CONTACT_MS = 200
"""Longer than the fire contact must be closed to be believed."""


class RehearsedArm:
    """Fits `scanner.ports.TurnstilePort`.

    Args:
        clock: of the story; tells when a signal came.
        is_watched: a sensor reports passages.
    """

    def __init__(self, clock: RehearsedClock, *, is_watched: bool) -> None:
        self._clock = clock
        self._is_watched = is_watched
        self._time = VirtualClock()
        settings = simulated_settings(directions=("in", "out"), watched=is_watched)
        self._turnstile = SimulatedTurnstile(settings, self._time)
        self.walks = True
        """Does whoever is let through next walk?"""

    def signals(self) -> Sequence[Signal]:
        """What the pins reported, as of now."""
        return [replace(signal, at_ms=self._clock.mono) for signal in self._turnstile.signals()]

    def pulse(self, direction: str) -> None:
        """Release the arm; who stands there walks or not, as the story says."""
        if self._is_watched:
            visitor = Visitor(persons=int(self.walks), walk_ms=WALK_MS)
            self._turnstile.expect(visitor, direction=direction)
        self._turnstile.pulse(direction)

    def hold_open(self, direction: str) -> None:
        """Release until `lock`."""
        self._turnstile.hold_open(direction)

    def lock(self) -> None:
        """Every output to its safe state."""
        self._turnstile.lock()

    def sensor_active(self, direction: str) -> bool:
        """The passage sensor's level now."""
        return self._turnstile.sensor_active(direction)

    def close(self) -> None:
        """Give the lines back."""
        self._turnstile.close()

    def run(self, ms: int) -> None:
        """Let time go by at the arm, not in the story."""
        self._time.advance(ms)

    def push(self, direction: str) -> None:
        """Whoever hesitated walks now."""
        if self._is_watched:
            self._turnstile.push(direction)

    def set_fire(self, *, active: bool) -> None:
        """The contact that blocks the lane."""
        self._turnstile.set_fire(active=active)
        self.run(CONTACT_MS)


class RehearsedDisk:
    """Fits `scanner.ports.LedgerPort`: the real ledger, heard by others, on a disk that the story can fill.

    Args:
        ledger: the real one.
        folder: where it lies.
        tell: called with what was recorded.
    """

    def __init__(
        self, ledger: Ledger, folder: Path, tell: Callable[[Sequence[Fact]], None]
    ) -> None:
        self._ledger = ledger
        self._folder = folder
        self._tell = tell
        self.is_full = False

    def next_identity(self) -> Identity:
        """The identity of the fact that will be appended next."""
        return self._ledger.next_identity()

    def append(self, facts: Sequence[Fact], local: bytes | None = None) -> None:
        """Record facts, and tell; on a full disk only what the reserve has room for."""
        if self.is_full and any(map(needs_room, facts)):
            raise reserve_fault(self._folder)
        self._ledger.append(facts, local)
        self._tell(facts)
