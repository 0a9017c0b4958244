"""The pure lane on the simulated arm, without ledger or codes: what grants, bodies and faults lead to.

It does what the lane's loop does with signals and actions, every ten milliseconds of virtual time.
"""

from __future__ import annotations

from hardware.settings import TurnstileSettings
from hardware.simulated import SimulatedTurnstile, VirtualClock, simulated_settings
from scanner.core.errors import DeviceError
from scanner.core.lane import readiness, step
from scanner.core.lane_state import (
    Action,
    Alarm,
    Granted,
    HoldOpen,
    Input,
    LaneMode,
    LaneSettings,
    Lock,
    Mode,
    RecordNotPassed,
    RecordPassed,
    Report,
    StartPulse,
    Tick,
    Way,
    starting_state,
)
from scanner.core.units import Direction, LaneReadiness, Seq
from scanner.lane_signals import input_of

LOOP_MS = 10


class LaneBench:
    """One lane, both ways, in virtual time."""

    def __init__(self, settings: TurnstileSettings | None = None) -> None:
        wired = settings or simulated_settings(directions=("in", "out"))
        self.clock = VirtualClock()
        self.arm = SimulatedTurnstile(wired, self.clock)
        self.settings = LaneSettings(
            way_in=Way(watched=self.arm.has_sensor("in")),
            way_out=Way(watched=self.arm.has_sensor("out")),
        )
        self.state = starting_state(self.clock.monotonic_ms())
        self.records: list[RecordPassed | RecordNotPassed] = []
        self.alarms: list[str] = []
        self._grants = 0

    def grant(self, direction: Direction = Direction.IN, persons: int = 1) -> Seq:
        """An entry is durable: open."""
        self._grants += 1
        self._step(Granted(Seq(self._grants), direction, persons), self.clock.monotonic_ms())
        return Seq(self._grants)

    def set_mode(self, mode: LaneMode) -> None:
        """Staff change the mode."""
        self._step(Mode(mode), self.clock.monotonic_ms())

    def run(self, ms: int) -> None:
        """Let the loop turn for ``ms``."""
        until_ms = self.clock.monotonic_ms() + ms
        while self.clock.monotonic_ms() < until_ms:
            self.clock.advance(LOOP_MS)
            self.look()

    def look(self) -> None:
        """One turn of the loop."""
        try:
            signals = self.arm.signals()
        except DeviceError:
            self._step(Tick(), self.clock.monotonic_ms())
            return
        for signal in signals:
            taken = input_of(signal)
            if taken is not None:
                self._step(taken, signal.at_ms)
        self._step(Report(), self.clock.monotonic_ms())

    def ready(self, direction: Direction = Direction.IN) -> LaneReadiness:
        """May a scan open now?"""
        return readiness(self.state, direction)

    def pulses(self, line: str = "GPIO17") -> int:
        """How often the relay was switched on."""
        return sum(change.level for change in self.arm.chip.history if change.line == line)

    def _step(self, event: Input, at_ms: int) -> None:
        self.state, actions = step(self.state, event, at_ms, self.settings)
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        match action:
            case StartPulse(direction):
                self.arm.pulse(direction.value)
            case HoldOpen(direction):
                self.arm.hold_open(direction.value)
            case Lock():
                self.arm.lock()
            case Alarm(code):
                self.alarms.append(code.value)
            case RecordPassed() | RecordNotPassed():
                self.records.append(action)
