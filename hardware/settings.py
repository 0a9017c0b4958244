"""What the installer says about pins, relays, inputs and lamps: values with units and limits.

Law: a value out of its limits is refused by name before any pin is touched; a line serves one purpose. No default names
a line: wiring is never guessed.

Source: docs/hardware.md, "Wiring"; docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hardware.pins import Bias, InputLine, OutputLine
from scanner.core.errors import ConfigError

BACKENDS = ("gpiod", "rpi_gpio", "simulated")
PULSE_MS = (100, 2_000)
"""Shorter is missed by turnstile controllers, longer holds a coil warm and an arm open."""
DEBOUNCE_MS = (0, 100)
MIN_MS = (0, 5_000)
STUCK_MS = (1_000, 300_000)
WALK_MS = (0, 60_000)
SHOW_MS = (0, 60_000)
REJECT_MS = (50, 5_000)

DirectionName = Literal["in", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSettings:
    """A contact and how it is wired.

    ``contact``: ``no`` closes when active, ``nc`` opens when active (a cut wire then reads as active).
    ``closes_to``: what a closed contact connects the line to. ``has_resistor``: one is fitted outside.
    ``min_ms``: shorter reports are ignored.
    """

    line: str
    contact: Literal["no", "nc"] = "no"
    closes_to: Literal["ground", "supply"] = "ground"
    has_resistor: bool = False
    debounce_ms: int = 5
    min_ms: int = 20

    def __post_init__(self) -> None:
        require_range(f"debounce_ms of {self.line!r}", self.debounce_ms, DEBOUNCE_MS)
        require_range(f"min_ms of {self.line!r}", self.min_ms, MIN_MS)
        require_choice(f"contact of {self.line!r}", self.contact, ("no", "nc"))
        require_choice(f"closes_to of {self.line!r}", self.closes_to, ("ground", "supply"))

    def as_line(self) -> InputLine:
        """The line to request: active is what the contact means, whatever the volts."""
        to_ground = self.closes_to == "ground"
        pull = Bias.PULL_UP if to_ground else Bias.PULL_DOWN
        return InputLine(
            line=self.line,
            active_low=(self.contact == "no") is to_ground,
            bias=Bias.DISABLED if self.has_resistor else pull,
            debounce_ms=self.debounce_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaySettings:
    """One direction: its relay, and the sensor that sees a passage (None = nothing watches)."""

    relay: OutputLine
    passage: InputSettings | None = None
    pulse_ms: int = 300

    def __post_init__(self) -> None:
        require_range("pulse_ms", self.pulse_ms, PULSE_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnstileSettings:
    """The arm. ``stuck_ms``: a passage sensor active for longer is a fault. ``walk_ms``: simulated visitors' walk."""

    backend: str
    way_in: WaySettings | None = None
    way_out: WaySettings | None = None
    fire: InputSettings | None = None
    tamper: InputSettings | None = None
    stuck_ms: int = 30_000
    walk_ms: int = 800

    def __post_init__(self) -> None:
        require_choice("turnstile.backend", self.backend, BACKENDS)
        require_range("stuck_ms", self.stuck_ms, STUCK_MS)
        require_range("walk_ms", self.walk_ms, WALK_MS)
        if not self.ways():
            raise ConfigError(
                "turnstile_without_way",
                "neither turnstile.way_in nor turnstile.way_out names a relay: the gate does not start",
                "name the line of at least one relay (docs/hardware.md, Wiring)",
            )
        relays = [relay.line for relay in self.outputs()]
        require_distinct([*relays, *(contact.line for contact in self.inputs().values())])

    def ways(self) -> dict[DirectionName, WaySettings]:
        """The directions this turnstile has."""
        ways: dict[DirectionName, WaySettings] = {}
        if self.way_in is not None:
            ways["in"] = self.way_in
        if self.way_out is not None:
            ways["out"] = self.way_out
        return ways

    def outputs(self) -> tuple[OutputLine, ...]:
        """Every relay's line."""
        return tuple(way.relay for way in self.ways().values())

    def inputs(self) -> dict[str, InputSettings]:
        """Every wired input by its name."""
        wired = {f"passage_{name}": way.passage for name, way in self.ways().items()}
        wired |= {"fire": self.fire, "tamper": self.tamper}
        return {name: found for name, found in wired.items() if found is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSettings:
    """Lamps and buzzer; None = not fitted. ``show_ms``: how long a colour stays (0 = until the next).

    ``reject`` tells another machine of a refusal: it is on for ``reject_ms``.
    """

    backend: str
    red: OutputLine | None = None
    green: OutputLine | None = None
    amber: OutputLine | None = None
    buzzer: OutputLine | None = None
    reject: OutputLine | None = None
    show_ms: int = 3_000
    reject_ms: int = 500

    def __post_init__(self) -> None:
        require_choice("indicator.backend", self.backend, (*BACKENDS, "none"))
        require_range("show_ms", self.show_ms, SHOW_MS)
        require_range("reject_ms", self.reject_ms, REJECT_MS)
        require_distinct(line.line for line in self.outputs())

    def lamps(self) -> dict[str, OutputLine]:
        """The fitted lamps by colour."""
        lamps = {"red": self.red, "green": self.green, "amber": self.amber}
        return {colour: line for colour, line in lamps.items() if line is not None}

    def outputs(self) -> tuple[OutputLine, ...]:
        """Every fitted line."""
        others = [line for line in (self.buzzer, self.reject) if line is not None]
        return (*self.lamps().values(), *others)


def require_range(name: str, value: int, limits: tuple[int, int], unit: str = "ms") -> None:
    """``value`` lies within its limits.

    Raises:
        ConfigError: ``hardware_out_of_range``.
    """
    low, high = limits
    if not low <= value <= high:
        raise ConfigError(
            "hardware_out_of_range",
            f"{name} {value!r} is outside {low}..{high} {unit}: the gate does not start",
            f"set it to a value from {low} to {high}",
        )


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """``value`` is one of the names that we know. Nothing is ever chosen in its place.

    Raises:
        ConfigError: ``hardware_unknown_choice``.
    """
    if value not in choices:
        raise ConfigError(
            "hardware_unknown_choice",
            f"{name} {value!r} is not known (valid: {', '.join(choices)}): the gate does not start",
            "use one of the valid names",
        )


def require_distinct(lines: Iterable[str]) -> None:
    """Each line serves one purpose.

    Raises:
        ConfigError: ``line_used_twice``.
    """
    seen: set[str] = set()
    for line in lines:
        if line in seen:
            raise ConfigError(
                "line_used_twice",
                f"line {line!r} has two purposes: the gate does not start",
                "give each relay, sensor, lamp and contact a line of its own",
            )
        seen.add(line)
