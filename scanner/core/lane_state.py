"""The words of the lane: its settings, what it remembers, what it is told and what it asks for. Values only.

Law: frozen; a `LaneState` is made by `starting_state` and changed by `scanner.core.lane.step`, never by hand.

Source: docs/hardware.md, "The handshake".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from scanner.core.errors import ConfigError
from scanner.core.units import Direction, Seq

PULSE_MS = (100, 2_000)
PASSAGE_WAIT_MS = (1_000, 60_000)
FREE_MS = 30 * 60_000
"""How long an arm is held open at most, unless the installer says otherwise."""


class Phase(StrEnum):
    """Where the handshake stands."""

    IDLE = "IDLE"
    GRANTED = "GRANTED"
    WAIT_PASSAGE = "WAIT_PASSAGE"
    PASSED = "PASSED"
    """Somebody has passed; the arm still turns or the coil is still on."""
    BLOCKED = "BLOCKED"


class LaneMode(StrEnum):
    """What staff want of the lane."""

    NORMAL = "normal"
    CLOSED = "closed"
    FREE = "free"


class Block(StrEnum):
    """Why a lane gives no grants in any direction."""

    FIRE = "fire"
    OUT_OF_ORDER = "out_of_order"
    """Latched: survives a restart, cleared by a technician."""


class AlarmCode(StrEnum):
    """What staff must know of; recorded as an ``ALARM`` fact."""

    FORCED_PASSAGE = "forced_passage"
    TAILGATE = "tailgate"
    SENSOR_ACTIVE_AT_GRANT = "sensor_active_at_grant"
    SENSOR_STUCK = "sensor_stuck"
    SENSOR_DEAD = "sensor_dead"
    LOST_EDGE = "lost_edge"
    NO_REPORT = "no_report"
    FIRE = "fire"
    TAMPER = "tamper"
    RELAY_LEFT_ON = "relay_left_on"
    """Found at the start: whoever held the relay before died with the arm released."""


def _require(name: str, value: int, limits: tuple[int, int]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise ConfigError(
            "lane_setting",
            f"{name} {value!r} is outside {low}..{high} ms: the lane does not start",
            f"set {name} to a value from {low} to {high}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One direction of a lane. ``watched``: a sensor reports passages."""

    watched: bool
    pulse_ms: int = 300
    passage_wait_ms: int = 5_000

    def __post_init__(self) -> None:
        _require("pulse_ms", self.pulse_ms, PULSE_MS)
        _require("passage_wait_ms", self.passage_wait_ms, PASSAGE_WAIT_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSettings:
    """What the installer says of the lane; ``None`` = the lane does not control that direction.

    ``person_gap_ms`` spaces a party's pulses where nothing watches. ``tailgate_ms`` is how long after the last granted
    passage one more still belongs to it. ``free_ms`` is how long the free mode lasts at most.
    """

    way_in: Way | None = None
    way_out: Way | None = None
    dead_after_grants: int = 10
    silence_ms: int = 30_000
    tailgate_ms: int = 3_000
    person_gap_ms: int = 1_500
    free_ms: int = FREE_MS

    def way(self, direction: Direction) -> Way | None:
        """The settings of one direction."""
        return self.way_in if direction is Direction.IN else self.way_out

    def watches(self, direction: Direction) -> bool:
        """True when a sensor reports passages in ``direction``."""
        way = self.way(direction)
        return way is not None and way.watched

    def directions(self) -> tuple[Direction, ...]:
        """The directions this lane controls."""
        return tuple(d for d in Direction if self.way(d) is not None)

    def required_way(self, direction: Direction) -> Way:
        """The settings of a direction that a grant names; a lane is never asked for one it does not have."""
        way = self.way(direction)
        if way is None:
            raise RuntimeError(f"this lane has no way {direction.value!r}")
        return way


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGrant:
    """The one grant under way. ``seq`` is the number of the fact that opened it. ``is_test``: see `Granted`."""

    seq: Seq
    direction: Direction
    persons: int
    passed: int = 0
    pulse_until_ms: int = 0
    is_test: bool = False

    @property
    def missing(self) -> int:
        """Persons who have not passed yet."""
        return self.persons - self.passed


@dataclass(frozen=True, slots=True)
class Tail:
    """The last completed grant, remembered so that one passage more is told from a forced one."""

    seq: Seq
    direction: Direction
    until_ms: int


@dataclass(frozen=True, slots=True)
class WayState:
    """What is known of one direction's sensor."""

    is_active: bool = False
    is_faulty: bool = False
    barren_grants: int = 0
    """Grants in a row without any passage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """Everything the lane remembers. Made by `starting_state`, changed by `step` only."""

    phase: Phase = Phase.IDLE
    mode: LaneMode = LaneMode.NORMAL
    blocks: frozenset[Block] = frozenset()
    grant: OpenGrant | None = None
    until_ms: int = 0
    tail: Tail | None = None
    way_in: WayState = field(default_factory=WayState)
    way_out: WayState = field(default_factory=WayState)
    reported_ms: int = 0
    free_until_ms: int | None = None

    def way(self, direction: Direction) -> WayState:
        """The sensor's state in one direction."""
        return self.way_in if direction is Direction.IN else self.way_out


def starting_state(
    now_ms: int, *, is_out_of_order: bool = False, mode: LaneMode = LaneMode.NORMAL
) -> LaneState:
    """The lane as the daemon finds it; follow with ``Mode`` for a free lane, so that the arm is held.

    Args:
        now_ms: monotonic.
        is_out_of_order: the latch that outlived the restart.
        mode: normal or closed.
    """
    if is_out_of_order:
        blocks = frozenset({Block.OUT_OF_ORDER})
        return LaneState(phase=Phase.BLOCKED, blocks=blocks, mode=mode, reported_ms=now_ms)
    return LaneState(mode=mode, reported_ms=now_ms)


@dataclass(frozen=True, slots=True)
class Granted:
    """The entry or exit ``seq`` is durable: open for ``persons``. ``is_test``: a technician's pulse, nobody's entry."""

    seq: Seq
    direction: Direction
    persons: int = 1
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """The sensor became active: a body turns the arm."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class PassageEnded:
    """The sensor is at rest again."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class SensorFault:
    """The sensor stays active for longer than anybody walks (or no longer does)."""

    direction: Direction
    active: bool


@dataclass(frozen=True, slots=True)
class LostEdge:
    """The kernel's numbering has a gap: a passage may have gone unseen."""

    direction: Direction | None


@dataclass(frozen=True, slots=True)
class Fire:
    """The fire contact."""

    active: bool


@dataclass(frozen=True, slots=True)
class Tamper:
    """The housing's contact."""

    active: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """Staff change the lane's mode; free ends after ``for_ms``, or after the longest time that the settings allow."""

    mode: LaneMode
    for_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Nobody comes any more (staff or the turnstile's own controller say so): what is pending has ended."""


@dataclass(frozen=True, slots=True)
class Report:
    """The turnstile's pins were read; nothing need have happened."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A technician clears *out of order*."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed, and no more than that is known."""


Input: TypeAlias = (
    Granted
    | Passage
    | PassageEnded
    | SensorFault
    | LostEdge
    | Fire
    | Tamper
    | Mode
    | Abandoned
    | Report
    | Repaired
    | Tick
)


@dataclass(frozen=True, slots=True)
class StartPulse:
    """Release the arm for one person."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class HoldOpen:
    """Release the arm until further notice (free mode)."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class Lock:
    """Every relay to its safe state."""


@dataclass(frozen=True, slots=True)
class RecordPassed:
    """``persons`` walked through on the entry ``seq``."""

    seq: Seq
    persons: int


@dataclass(frozen=True, slots=True)
class RecordNotPassed:
    """``persons`` of the entry ``seq`` did not walk through: give them back."""

    seq: Seq
    persons: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """Tell staff, and record it."""

    code: AlarmCode
    direction: Direction | None = None
    seq: Seq | None = None


@dataclass(frozen=True, slots=True)
class RecordMode:
    """The mode changed by itself: record it."""

    mode: LaneMode


Action: TypeAlias = (
    StartPulse | HoldOpen | Lock | RecordPassed | RecordNotPassed | Alarm | RecordMode
)
Actions: TypeAlias = tuple[Action, ...]
Step: TypeAlias = tuple[LaneState, Actions]
