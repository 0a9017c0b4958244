"""A whole lane on virtual time: real ledger, real base, the simulated turnstile, and a clock that a test moves.

Law: everything is the product's own but the time and the people at the arm.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hardware.assemble import build_turnstile
from hardware.indicator import NullIndicator
from hardware.simulated import SimulatedTurnstile, Visitor
from hardware.virtual_clock import VirtualClock
from scanner.asking import Answer
from scanner.config import Config
from scanner.core.events import Fact
from scanner.core.units import Direction, Instant
from scanner.gate_clock import GateClock
from scanner.lane_loop import Lane
from scanner.lane_memory import LaneMemory
from scanner.lane_parts import LanePorts, Read
from scanner.lookups import Lookups
from scanner.notices import Notice
from scanner.records.chain import verify_file
from scanner.records.ledger import Ledger
from scanner.sections import TurnstileSection, WaySection
from scanner.wiring import lane_settings, turnstile_settings
from support.rights import NOON, at
from support.snapshots import HERE, Site, enrol, place
from sync.ledger_format import connect_reader, load_rows
from sync.wire import parse_fact

STEP_MS = 20
RELAY_IN = "GPIO17"
RELAY_OUT = "GPIO18"


def simulated(*, watched: bool = True, tamper: str = "") -> Config:
    """A lane for both directions; ``watched``: sensors report passages; ``tamper``: the housing's line."""

    def way(relay: str, sensor: str) -> WaySection:
        return WaySection(relay=relay, sensor=sensor if watched else "")

    return Config(
        turnstile=TurnstileSection(
            backend="simulated",
            fire_input="GPIO24",
            tamper_input=tamper,
            way_in=way(RELAY_IN, "GPIO22"),
            way_out=way(RELAY_OUT, "GPIO23"),
        )
    )


@dataclass
class LaneRig:
    """One lane in a folder. ``restart`` is a power cut and a start."""

    folder: Path
    site: Site = field(default_factory=Site)
    config: Config = field(default_factory=simulated)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(at(NOON)))
    notices: list[Notice] = field(default_factory=list)

    def __enter__(self) -> Self:
        enrol(self.folder / "cache")
        place(self.folder / "cache", self.site)
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self._stack = ExitStack()
        self.ledger = self._stack.enter_context(Ledger.open(self.folder / "ledger", HERE))
        self.lookups = Lookups(self.folder / "cache", self.ledger.own)
        self._stack.callback(self.lookups.close)
        turnstile = build_turnstile(turnstile_settings(self.config.turnstile), self.clock)
        assert isinstance(turnstile, SimulatedTurnstile)
        self.turnstile = self._stack.enter_context(turnstile)
        floor = self.ledger.floor_at or Instant(0)
        ports = LanePorts(
            clock=GateClock(self.clock, self.folder / "cache" / "time.json", floor),
            ledger=self.ledger,
            lookups=self.lookups,
            turnstile=turnstile,
            indicator=NullIndicator(),
        )
        self.memory = LaneMemory(self.folder / "lane.json")
        remembered = self.memory.load()
        self.lane = Lane(ports, lane_settings(self.config), self.notices.append, remembered)

    def restart(self) -> None:
        """The power is cut and comes back: nothing is said to anybody first."""
        self._stack.close()
        self._start()

    def show(
        self, payload: bytes, direction: Direction = Direction.IN, party: int = 1
    ) -> Answer | None:
        """Hold a code in front of the reader for one frame."""
        return self.lane.read(Read(payload, "qr"), direction, party)

    def admit(self, payload: bytes) -> Answer | None:
        """Show a code, let the person walk, and let the debounce time pass."""
        answer = self.show(payload)
        self.wait(10_000)
        return answer

    def wait(self, ms: int) -> None:
        """Let virtual time go by, with the lane looking at its pins as the daemon does."""
        for _ in range(ms // STEP_MS):
            self.clock.advance(STEP_MS)
            self.lane.tick()
            self.memory.follow(self.lane.state)

    def expect(self, *visitors: Visitor) -> None:
        """What the next people at the arm do."""
        self.turnstile.expect(*visitors)

    def facts(self) -> list[Fact]:
        """Every recorded fact, read by a second connection as sync does."""
        with closing(connect_reader(self.folder / "ledger" / "ledger.db")) as connection:
            rows = load_rows(connection, 0, 1_000)
        return [parse_fact(row.body) for row in rows]

    def is_whole(self) -> bool:
        """True when the ledger's chain verifies."""
        return verify_file(self.folder / "ledger" / "ledger.db").broken is None

    @property
    def pulses(self) -> int:
        """How often the way in was released."""
        return sum(c.level for c in self.turnstile.chip.history if c.line == RELAY_IN)
