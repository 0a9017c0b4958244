"""The simulated lane: an arm, people who walk up to it, and every fault. A product, not a mock.

Law: it is the real `Turnstile` over simulated pins, so that what is shown without a Raspberry Pi is what runs on one.
It is chosen by name in the configuration and says so in `backend`; nothing falls back to it. People act by the clock:
what has happened by now is worked out when somebody looks, on virtual time and on real, without a thread.

Source: docs/hardware.md, "Simulation".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from hardware.indicator import Indicator
from hardware.pins import OutputLine
from hardware.settings import (
    WALK_MS,
    IndicatorSettings,
    InputSettings,
    TurnstileSettings,
    WaySettings,
    require_range,
)
from hardware.simulated_pins import Change, SimulatedBank, SimulatedChip
from hardware.system_clock import Clock
from hardware.turnstile import Turnstile
from hardware.virtual_clock import VirtualClock

__all__ = [
    "Change",
    "SimulatedBank",
    "SimulatedChip",
    "SimulatedIndicator",
    "SimulatedTurnstile",
    "VirtualClock",
    "Visitor",
    "simulated_settings",
]

WIRING = {
    "in": WaySettings(relay=OutputLine(line="GPIO17"), passage=InputSettings(line="GPIO22")),
    "out": WaySettings(relay=OutputLine(line="GPIO18"), passage=InputSettings(line="GPIO23")),
}
"""Where the simulated arm's wires go when nobody says otherwise."""

TURN_MS = 300
"""How long an arm's sensor stays active while it turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """What somebody does when the arm is released.

    ``persons``: 1 walks through, 0 does not turn the arm, 2 lets a tailgater follow.
    ``walk_ms``: from the release to the arm. ``gap_ms``: between two bodies.
    """

    persons: int = 1
    walk_ms: int = 800
    turn_ms: int = TURN_MS
    gap_ms: int = 700

    def __post_init__(self) -> None:
        require_range("walk_ms", self.walk_ms, WALK_MS)


def simulated_settings(
    *,
    directions: Sequence[str] = ("in",),
    watched: bool = True,
    pulse_ms: int = 300,
    walk_ms: int = 800,
) -> TurnstileSettings:
    """A whole simulated turnstile, for configurations and rehearsals that name no wires."""
    ways = {
        name: WaySettings(
            relay=WIRING[name].relay,
            passage=WIRING[name].passage if watched else None,
            pulse_ms=pulse_ms,
        )
        for name in directions
    }
    return TurnstileSettings(
        backend="simulated",
        way_in=ways.get("in"),
        way_out=ways.get("out"),
        fire=InputSettings(line="GPIO24", contact="nc", min_ms=100),
        tamper=InputSettings(line="GPIO25", contact="nc", min_ms=100),
        walk_ms=walk_ms,
    )


class _Crowd:
    """The people on one side of the arm."""

    def __init__(self, chip: SimulatedChip, sensor: InputSettings, usual: Visitor) -> None:
        self.is_watching = True
        self.queue: deque[Visitor] = deque()
        self._chip = chip
        self._sensor = sensor
        self._usual = usual

    def on_contact(self, is_closed: bool, at_ms: int) -> None:  # noqa: FBT001 - a level
        """The arm is released (or locked): whoever stands there walks."""
        if is_closed and self.is_watching:
            visitor = self.queue.popleft() if self.queue else self._usual
            self.walk(visitor, at_ms)

    def walk(self, visitor: Visitor, at_ms: int) -> None:
        """``visitor`` starts walking at ``at_ms``."""
        arrives_ms = at_ms + visitor.walk_ms
        for _ in range(visitor.persons):
            self.touch(active=True, at_ms=arrives_ms)
            self.touch(active=False, at_ms=arrives_ms + visitor.turn_ms)
            arrives_ms += visitor.turn_ms + visitor.gap_ms

    def touch(self, *, active: bool, at_ms: int | None = None) -> None:
        """The sensor's contact becomes active or rests."""
        self._chip.drive(
            self._sensor.line, level=active is not self._sensor.as_line().active_low, at_ms=at_ms
        )


class SimulatedTurnstile(Turnstile):
    """A turnstile with people in front of it.

    Args:
        settings: as for a real one; ``walk_ms`` is the usual visitor's.
        clock: virtual, or the system's for a demonstration.
        chip: the wires, to share them or to look at them afterwards.
    """

    def __init__(
        self, settings: TurnstileSettings, clock: Clock, chip: SimulatedChip | None = None
    ) -> None:
        self.chip = SimulatedChip(clock) if chip is None else chip
        self._wired = settings.inputs()
        for contact in self._wired.values():
            self.chip.rest(contact.line, level=contact.as_line().active_low)
        super().__init__(SimulatedBank(self.chip), settings, clock)
        usual = Visitor(walk_ms=settings.walk_ms)
        self._crowds: dict[str, _Crowd] = {}
        for name, way in settings.ways().items():
            if way.passage is not None:
                crowd = _Crowd(self.chip, way.passage, usual)
                self._crowds[name] = crowd
                self.chip.watch(way.relay.line, crowd.on_contact)

    def expect(self, *visitors: Visitor, direction: str = "in") -> None:
        """The next to be let through, in order; after them come usual visitors again."""
        self._crowd(direction).queue.extend(visitors)

    def next_passage(self, turns: bool, direction: str = "in") -> None:  # noqa: FBT001 - the answer
        """Does the next person who is let through turn the arm?"""
        self.expect(Visitor(persons=int(turns)), direction=direction)

    def push(self, direction: str = "in", *, persons: int = 1) -> None:
        """Somebody goes through right now, whether let or not."""
        visitor = Visitor(persons=persons, walk_ms=0)
        self._crowd(direction).walk(visitor, self.chip.clock.monotonic_ms())

    def stand_in(self, direction: str = "in", *, active: bool = True) -> None:
        """Somebody stands in the sensor (or leaves it)."""
        self._crowd(direction).touch(active=active)

    def set_fire(self, *, active: bool) -> None:
        """The fire contact."""
        self._touch("fire", active=active)

    def set_tamper(self, *, active: bool) -> None:
        """The housing's contact."""
        self._touch("tamper", active=active)

    def hold_open(self, direction: str) -> None:
        """As a real one; an arm that is simply open makes nobody walk."""
        self._watch_all(is_watching=False)
        super().hold_open(direction)

    def lock(self) -> None:
        """As a real one; from now on a release is for somebody again."""
        super().lock()
        self._watch_all(is_watching=True)

    def _watch_all(self, *, is_watching: bool) -> None:
        for crowd in self._crowds.values():
            crowd.is_watching = is_watching

    def _crowd(self, direction: str) -> _Crowd:
        crowd = self._crowds.get(direction)
        if crowd is None:
            raise RuntimeError(f"this turnstile has no passage sensor {direction!r}")
        return crowd

    def _touch(self, name: str, *, active: bool) -> None:
        contact = self._wired.get(name)
        if contact is None:
            raise RuntimeError(f"this turnstile has no input {name!r}")
        self.chip.drive(contact.line, level=active is not contact.as_line().active_low)


class SimulatedIndicator(Indicator):
    """Lamps made of air; what is lit can be asked."""

    def __init__(
        self, settings: IndicatorSettings, clock: Clock, chip: SimulatedChip | None = None
    ) -> None:
        self.chip = SimulatedChip(clock) if chip is None else chip
        self._fitted = settings.lamps()
        self._tone = settings.buzzer
        super().__init__(SimulatedBank(self.chip), settings, clock)

    def lit(self) -> frozenset[str]:
        """The lamps that are on now."""
        return frozenset(name for name, at in self._fitted.items() if self.chip.is_closed(at.line))

    def is_sounding(self) -> bool:
        """True while the buzzer is on."""
        return self._tone is not None and self.chip.is_closed(self._tone.line)
