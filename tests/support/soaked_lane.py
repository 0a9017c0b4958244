"""A lane on a long day: people, faults and power cuts by a seeded chance, in virtual time, and what they cost.

Law: the whole lane is the product's own (`LaneRig`); a day is the same for the same seed. Faults are mended by those
who brought them, so that the end of the day can be told from its start.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple

from hardware.simulated import Visitor
from scanner.core.events import Fact, FactKind
from scanner.core.lane_state import Block, LaneMode
from scanner.core.reasons import Flag
from scanner.core.units import Direction
from scanner.lane_start import begin
from support.gates import card
from support.lanes import RELAY_IN, RELAY_OUT, LaneRig
from sync.ledger_format import connect_reader, load_head, load_rows
from sync.wire import parse_fact

STEP_MS = 100
CARDS = 40
HOUR_MS = 3_600_000
SETTLING = (FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN)
PAGE = os.sysconf("SC_PAGE_SIZE")


class Footprint(NamedTuple):
    """What the lane takes up: files, bytes of memory, facts, bytes of the ledger's file."""

    files: frozenset[str]
    memory_bytes: int
    facts: int
    ledger_bytes: int


@dataclass
class SoakedLane:
    """One lane and a chance."""

    rig: LaneRig
    chance: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    scans: int = 0
    longest_on_ms: int = 0
    largest_wal_bytes: int = 0
    _on_since_ms: int | None = None

    def live(self, ms: int) -> None:
        """Let ``ms`` of the day go by."""
        until_ms = self.rig.clock.monotonic_ms() + ms
        while self.rig.clock.monotonic_ms() < until_ms:
            if self.chance.random() < 0.15:
                self._suffer()
            self._scan()
            self.wait(self.chance.choice([1_000, 3_000, 5_000, 9_000, 20_000]))
        self.wait(60_000)

    def wait(self, ms: int) -> None:
        """As the daemon's loop: pins, callers' memory, and the log into the file between people."""
        rig = self.rig
        for _ in range(ms // STEP_MS):
            rig.clock.advance(STEP_MS)
            rig.lane.tick()
            rig.memory.follow(rig.lane.state)
            if rig.lane.state.grant is None:
                rig.ledger.checkpoint()
        self._meter()

    def _scan(self) -> None:
        """Somebody comes with one of the cards, alone or with others, and does as people do."""
        persons = self.chance.choice([0, 1, 1, 1, 1, 1, 2])
        way = self.chance.choice([Direction.IN, Direction.IN, Direction.OUT])
        self.rig.turnstile.expect(
            Visitor(persons=persons, walk_ms=self.chance.choice([200, 800, 4_000])),
            direction=way.value,
        )
        number = self.chance.randrange(1, CARDS + 3)
        party = self.chance.choice([1, 1, 1, 2])
        self.scans += self.rig.show(card(number), way, party) is not None

    def _suffer(self) -> None:
        faults: dict[str, Callable[[], None]] = {
            "bounce": lambda: self.rig.turnstile.chip.bounce("GPIO22"),
            "lost edges": lambda: self.rig.turnstile.chip.lose_edges("GPIO22", 2),
            "forced": lambda: self.rig.turnstile.push("in"),
            "stuck sensor": self._stuck,
            "broken relay": lambda: self._broken(RELAY_IN, 2_000),
            "broken sensor": lambda: self._broken("GPIO22", 40_000),
            "fire": self._fire,
            "clock jumps": self._jump,
            "modes": self._modes,
            "power cut": self._power_cut,
        }
        name = self.chance.choice(sorted(faults))
        self.faults[name] += 1
        faults[name]()

    def _stuck(self) -> None:
        self.rig.turnstile.stand_in("in")
        self._scan()
        self.wait(35_000)
        self.rig.turnstile.stand_in("in", active=False)
        self.wait(1_000)

    def _broken(self, line: str, ms: int) -> None:
        self.rig.turnstile.chip.break_line(line)
        self._scan()
        self.wait(ms)
        self.rig.turnstile.chip.mend(line)
        self.wait(1_000)
        if Block.OUT_OF_ORDER in self.rig.lane.state.blocks:
            self.rig.lane.repaired("Ines")

    def _fire(self) -> None:
        self.rig.turnstile.set_fire(active=True)
        self._scan()
        self.wait(5_000)
        self.rig.turnstile.set_fire(active=False)
        self.wait(1_000)

    def _jump(self) -> None:
        self.rig.clock.synchronised = not self.rig.clock.synchronised
        self.rig.clock.jump_wall(self.chance.choice([-HOUR_MS, 1_000, HOUR_MS]))

    def _modes(self) -> None:
        self.rig.lane.set_mode(self.chance.choice([LaneMode.CLOSED, LaneMode.FREE]), for_ms=30_000)
        self._scan()
        self.wait(20_000)
        self.rig.lane.set_mode(LaneMode.NORMAL)
        self.wait(1_000)
        self.rig.lane.release(Direction.IN, "wheelchair", "Ines")

    def _power_cut(self) -> None:
        """Seldom: each empties the log, which must stay small without one, too."""
        self._scan()
        if self.chance.random() < 0.9:
            return
        self.rig.restart()
        begin(self.rig.lane, self.rig.ledger, "simulated")

    def _meter(self) -> None:
        """How large the log is, and how long a relay was on that nobody holds; in steps, so only long ones are seen."""
        self.largest_wal_bytes = max(self.largest_wal_bytes, self._wal_bytes())
        chip = self.rig.turnstile.chip
        is_on = any(chip.is_closed(line) for line in (RELAY_IN, RELAY_OUT))
        is_held = self.rig.lane.state.mode is LaneMode.FREE
        now_ms = self.rig.clock.monotonic_ms()
        if not is_on or is_held:
            self._on_since_ms = None
            return
        self._on_since_ms = now_ms if self._on_since_ms is None else self._on_since_ms
        self.longest_on_ms = max(self.longest_on_ms, now_ms - self._on_since_ms)

    def _wal_bytes(self) -> int:
        return (self.rig.folder / "ledger" / "ledger.db-wal").stat().st_size

    def footprint(self) -> Footprint:
        """What it takes up now."""
        folder = self.rig.folder
        ledger = folder / "ledger" / "ledger.db"
        with closing(connect_reader(ledger)) as connection:
            facts = load_head(connection).seq
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - no file of ours
            memory_bytes = int(statm.read().split()[1]) * PAGE
        return Footprint(
            files=frozenset(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()),
            memory_bytes=memory_bytes,
            facts=facts,
            ledger_bytes=ledger.stat().st_size,
        )

    def unsettled(self) -> list[Fact]:
        """Entries that await a passage and of whose persons some were never spoken of again, or twice."""
        with closing(connect_reader(self.rig.folder / "ledger" / "ledger.db")) as connection:
            facts = [parse_fact(row.body) for row in load_rows(connection, 0, 1_000_000)]
        said: Counter[int] = Counter()
        for fact in facts:
            if fact.kind in SETTLING and fact.refers_to:
                said[fact.refers_to] += fact.persons
        return [
            fact
            for fact in facts
            if Flag.AWAITS_PASSAGE in fact.flags and said[fact.seq] != fact.persons
        ]
