"""A lane in a process of its own that says what it does, for a test that kills it at any moment.

    python -m support.killable_lane FOLDER SEED [SCAN STEP]

Law: ledger, look-ups, lane and simulated arm are the product's own; only time is virtual, so that many visitors come in
the little real time before the kill. Nothing is opened before a line comes on standard input. ``FOLDER/said`` gets one
JSON object for each thing that is acknowledged, ``FOLDER/board`` holds where the lane is now (`Place`) and how often it
has been at each place. With SCAN and STEP the process kills itself inside that scan's transaction, at about that
instruction of SQLite's machine: the middle of a commit, however fast the disk is.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from hardware.indicator import NullIndicator
from hardware.simulated import SimulatedTurnstile, Visitor
from hardware.virtual_clock import VirtualClock
from scanner.core.events import Fact, FactKind
from scanner.core.units import Direction, Instant
from scanner.gate_clock import GateClock
from scanner.lane_loop import Lane
from scanner.lane_parts import LanePorts, Read
from scanner.lane_start import begin
from scanner.lookups import Lookups
from scanner.notices import Notice
from scanner.ports import Identity
from scanner.records.ledger import Ledger
from scanner.wiring import lane_settings, turnstile_settings
from support.lanes import simulated
from support.rights import NOON, at
from support.snapshots import HERE

CARDS = 5
ENTRIES = 100_000
FRAME_MS = 40
FRAMES_HELD = 5
VISIT_MS = 8_000
AFTER_RESTART_MS = 1_000


def card(number: int) -> bytes:
    """The code on card ``number``, which belongs to the grant of that number."""
    return b"7612%08d" % number


class Place(IntEnum):
    """Where a kill can hit."""

    OPENING = 1
    BEGINNING = 2
    READING = 3
    COMMITTING_SCAN = 4
    SCAN_RECORDED = 5
    PULSING = 6
    ANSWERED = 7
    WALKING = 8
    COMMITTING_PASSAGE = 9
    PASSAGE_RECORDED = 10
    MOVING_LOG = 11


class Board:
    """One page of memory that outlives its writer."""

    BYTES = mmap.PAGESIZE

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(self.BYTES))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), self.BYTES)

    def close(self) -> None:
        """Let go of the page."""
        self._page.close()

    def clear(self) -> None:
        """Nobody has been anywhere."""
        self._page[:] = bytes(self.BYTES)

    def enter(self, place: Place) -> None:
        """The lane is here now."""
        self._page[0] = place
        self._put(place, self.visits(place) + 1)

    @property
    def place(self) -> Place | None:
        """Where the lane is, or was when it was killed; None before it opened anything."""
        return Place(self._page[0]) if self._page[0] else None

    def visits(self, place: Place) -> int:
        """How often the lane has come here."""
        return int.from_bytes(self._page[8 * place : 8 * place + 8], "little")

    def _put(self, place: Place, number: int) -> None:
        self._page[8 * place : 8 * place + 8] = number.to_bytes(8, "little")


class Fate(NamedTuple):
    """In which scan's transaction, and at which instruction of it, the process kills itself."""

    scan: int
    step: int


def _die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


class WatchedLedger:
    """The real ledger; the board shows when it is at work, and what it has recorded is said at once."""

    def __init__(self, ledger: Ledger, board: Board, say: Any, fate: Fate | None) -> None:
        self._ledger = ledger
        self._board = board
        self._say = say
        self._fate = fate

    def next_identity(self) -> Identity:
        return self._ledger.next_identity()

    def append(self, facts: Sequence[Fact], local: bytes | None = None) -> None:
        is_scan = facts[0].kind is FactKind.SCAN
        self._board.enter(Place.COMMITTING_SCAN if is_scan else Place.COMMITTING_PASSAGE)
        if self._fate is not None and self._board.visits(Place.COMMITTING_SCAN) == self._fate.scan:
            self._ledger._connection.set_progress_handler(_die, self._fate.step)
        self._ledger.append(facts, local)
        self._board.enter(Place.SCAN_RECORDED if is_scan else Place.PASSAGE_RECORDED)
        for fact in facts:
            self._say(durable=fact.seq, kind=fact.kind.value, charged=fact.charged)


class WatchedTurnstile(SimulatedTurnstile):
    """The simulated arm; the board shows when a pulse begins."""

    board: Board

    def pulse(self, direction: str) -> None:
        self.board.enter(Place.PULSING)
        super().pulse(direction)


class KillableLane:
    """Visitors without end."""

    def __init__(self, folder: Path, seed: str, fate: Fate | None, stack: ExitStack) -> None:
        self._chance = random.Random(seed)
        self._said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._board = Board(folder / "board")
        self._board.enter(Place.OPENING)
        self._ledger = stack.enter_context(Ledger.open(folder / "ledger", HERE))
        lookups = Lookups(folder / "cache", self._ledger.own)
        stack.callback(lookups.close)
        self._clock = VirtualClock(at(NOON))
        floor = self._ledger.floor_at or Instant(0)
        self._clock.advance(max(0, floor - at(NOON)) + AFTER_RESTART_MS)
        config = simulated()
        self._arm = WatchedTurnstile(turnstile_settings(config.turnstile), self._clock)
        self._arm.board = self._board
        ports = LanePorts(
            clock=GateClock(self._clock, folder / "none.json", floor),
            ledger=WatchedLedger(self._ledger, self._board, self.say, fate),
            lookups=lookups,
            turnstile=stack.enter_context(self._arm),
            indicator=NullIndicator(),
        )
        self._lane = Lane(ports, lane_settings(config), self._told)

    def say(self, **what: object) -> None:
        """Acknowledge, in a way that no kill takes back."""
        os.write(self._said, json.dumps(what).encode() + b"\n")

    def run(self) -> None:
        """Let people in until killed."""
        self._board.enter(Place.BEGINNING)
        begin(self._lane, self._ledger, "simulated")
        self.say(ready=os.getpid(), head=self._ledger.head.seq)
        while True:
            self._visit()
            self._board.enter(Place.MOVING_LOG)
            self._ledger.checkpoint(after_rows=self._chance.choice((1, 20, 1_000)))

    def _visit(self) -> None:
        number = self._chance.randint(1, CARDS)
        self._arm.expect(Visitor(persons=int(self._chance.random() < 0.8)))
        self.say(shown=number, head=self._ledger.head.seq)
        for _ in range(FRAMES_HELD):
            self._board.enter(Place.READING)
            self._lane.read(Read(card(number), "qr"), Direction.IN)
            self._walk(FRAME_MS)
        self._walk(VISIT_MS)

    def _walk(self, ms: int) -> None:
        for _ in range(ms // FRAME_MS):
            self._board.enter(Place.WALKING)
            self._clock.advance(FRAME_MS)
            self._lane.tick()

    def _told(self, notice: Notice) -> None:
        if notice["event"] == "scan":
            self._board.enter(Place.ANSWERED)
            self.say(scan=notice["seq"], charged=notice["charged"], remaining=notice["remaining"])
        elif notice["event"] in {"passed", "not_passed"}:
            self.say(settled=notice["refers_to"], by=notice["event"])


def main() -> None:
    """Wait for the word, then open."""
    folder, seed, *rest = sys.argv[1:]
    fate = Fate(*map(int, rest)) if rest else None
    if sys.stdin.readline():
        with ExitStack() as stack:
            KillableLane(Path(folder), seed, fate, stack).run()


if __name__ == "__main__":
    main()
