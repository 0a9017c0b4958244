"""kill -9 at any moment of a lane: nothing acknowledged is lost, nobody is charged twice, the next start goes on.

Who stood at the arm when the lane died comes again as somebody new: a presentation does not outlive its process.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any, Self

import pytest

from hardware.system_clock import SystemClock
from scanner.core.events import Fact, FactKind
from scanner.core.reasons import Flag
from scanner.core.units import Seq
from scanner.records.chain import verify_file
from support.fault_table import Played
from support.gates import environment
from support.killable_lane import CARDS, ENTRIES, Board, Fate, Place, card
from support.rights import grant, rule
from support.snapshots import Site, enrol, place
from support.warm import WarmProcess
from sync.ledger_format import connect_reader, load_rows
from sync.wire import parse_fact

SEED = 20_261_123
IN_TIME_S = 40.0
SETTLING = (FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN)
EARLY = (Place.OPENING, Place.BEGINNING)
LATE = tuple(set(Place) - set(EARLY))

SITE = Site(
    grants=[grant(grant_no=number) for number in range(1, CARDS + 1)],
    cards={card(number): (number,) for number in range(1, CARDS + 1)},
    rules=[rule(max_total=ENTRIES)],
)


@dataclass
class Killer:
    """Starts lanes on one folder, one after the other, and kills each; the next one waits, imported, for the word."""

    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    hit: Counter[Place | None] = field(default_factory=Counter)
    _ready: deque[tuple[subprocess.Popen[bytes], Fate | None]] = field(default_factory=deque)

    def __enter__(self) -> Self:
        enrol(self.folder / "cache")
        place(self.folder / "cache", SITE)
        self.board = Board(self.folder / "board")
        self._prepare()
        return self

    def __exit__(self, *_error: object) -> None:
        for process, _fate in self._ready:
            _end(process)
        self.board.close()

    def play_round(self) -> None:
        """Let a lane run to a moment of chance, and kill it."""
        process, fate = self._next()
        try:
            if fate is None:
                self._await_moment(process)
            else:
                assert process.wait(IN_TIME_S) == -9
        finally:
            _end(process)
        self.hit[self.board.place] += 1

    @property
    def said(self) -> list[dict[str, Any]]:
        """Everything that any lane has acknowledged."""
        said = self.folder / "said"
        return [json.loads(line) for line in said.read_text().splitlines()] if said.exists() else []

    def start_and_stop(self) -> None:
        """One more lane, killed as soon as it has taken up what the others left."""
        process, _fate = self._next()
        try:
            self._wait(process, lambda: self.board.visits(Place.READING) > 0)
        finally:
            _end(process)

    def _await_moment(self, process: subprocess.Popen[bytes]) -> None:
        where = self.chance.choice(EARLY if self.chance.random() < 0.2 else LATE)
        visit = 1 if where in EARLY else self.chance.randint(1, 12)
        self._wait(process, lambda: self.board.visits(where) >= visit)
        Event().wait(self.chance.random() * (0.05 if where in EARLY else 0.004))

    def _wait(self, process: subprocess.Popen[bytes], claim: Callable[[], bool]) -> None:
        clock, pause = SystemClock(), Event()
        until_ms = clock.monotonic_ms() + IN_TIME_S * 1_000
        while not claim():
            assert process.poll() is None, "the lane ended by itself"
            assert clock.monotonic_ms() < until_ms, "the lane never came there"
            pause.wait(0.0002)

    def _next(self) -> tuple[subprocess.Popen[bytes], Fate | None]:
        """Give the word to the lane that waits, and have another one wait."""
        process, fate = self._ready.popleft()
        self.board.clear()
        assert process.stdin is not None
        process.stdin.write(b"open\n")
        process.stdin.flush()
        self._prepare()
        return process, fate

    def _prepare(self) -> None:
        seed = str(self.chance.getrandbits(32))
        fate = None
        if self.chance.random() < 0.25:
            fate = Fate(self.chance.randint(1, 8), self.chance.randint(1, 300))
        words = [] if fate is None else [str(number) for number in fate]
        process = WarmProcess(
            [sys.executable, "-m", "support.killable_lane", str(self.folder), seed, *words],
            env=environment(),
            stdin=subprocess.PIPE,
        )
        self._ready.append((process, fate))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdin is not None
    process.stdin.close()


def recorded(folder: Path) -> dict[Seq, Fact]:
    """Every fact of the ledger, by number."""
    with closing(connect_reader(folder / "ledger" / "ledger.db")) as connection:
        facts = [parse_fact(row.body) for row in load_rows(connection, 0, 1_000_000)]
    return {fact.seq: fact for fact in facts}


def of_kind(facts: dict[Seq, Fact], *kinds: FactKind) -> Iterator[Fact]:
    return (fact for fact in facts.values() if fact.kind in kinds)


# --- what must be true, whenever a lane was killed ----------------------------------------------


def assert_whole(folder: Path) -> None:
    walk = verify_file(folder / "ledger" / "ledger.db")
    assert walk.broken is None
    assert walk.rows == walk.head.seq


def assert_nothing_acknowledged_is_lost(facts: dict[Seq, Fact], said: list[dict[str, Any]]) -> None:
    for line in said:
        if "durable" in line:
            fact = facts[line["durable"]]
            assert (fact.kind.value, fact.charged) == (line["kind"], line["charged"])
        if "scan" in line:
            assert facts[line["scan"]].charged == line["charged"]
        if "settled" in line:
            kind = FactKind(line["by"].upper())
            assert any(f.refers_to == line["settled"] for f in of_kind(facts, kind))


def assert_one_presentation_is_one_scan(facts: dict[Seq, Fact], said: list[dict[str, Any]]) -> None:
    """Between two cards that were shown, the ledger has at most one scan, and it is charged once."""
    heads = [line["head"] for line in said if "shown" in line] + [max(facts)]
    scans = sorted(fact.seq for fact in of_kind(facts, FactKind.SCAN))
    for before, after in pairwise(heads):
        assert sum(before < seq <= after for seq in scans) <= 1
    assert all(facts[seq].charged == 1 for seq in scans)


def assert_counts_are_those_of_the_ledger(
    facts: dict[Seq, Fact], said: list[dict[str, Any]]
) -> None:
    """Each remaining count that a visitor was told is what the facts before it leave."""
    told = {line["scan"]: line["remaining"] for line in said if "scan" in line}
    used: Counter[int] = Counter()
    for seq in sorted(facts):
        fact = facts[seq]
        if fact.kind is FactKind.SCAN and fact.grant_no is not None:
            used[fact.grant_no] += fact.charged
            assert told.get(seq, ENTRIES - used[fact.grant_no]) == ENTRIES - used[fact.grant_no]
        elif fact.kind is FactKind.NOT_PASSED and fact.refers_to is not None:
            used[facts[fact.refers_to].grant_no or 0] -= fact.persons


def assert_every_passage_is_settled_once(
    facts: dict[Seq, Fact], said: list[dict[str, Any]]
) -> None:
    """By the last lane's start; what it did itself before its own end is for the next."""
    last_start = [line["head"] for line in said if "ready" in line][-1]
    settled = Counter(fact.refers_to for fact in of_kind(facts, *SETTLING))
    for scan in of_kind(facts, FactKind.SCAN):
        assert Flag.AWAITS_PASSAGE in scan.flags
        assert settled[scan.seq] == 1 or scan.seq > last_start


@pytest.mark.fault("kill -9 of a lane at fine moments")
@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_lane_that_is_killed_at_any_moment_loses_nothing_and_charges_nobody_twice(
    tmp_path: Path, faults_rounds: int, played: Played
) -> None:
    with Killer(tmp_path) as killer:
        for _ in range(faults_rounds):
            killer.play_round()
            played.add()
            said = killer.said
            if said:  # else it was killed while it made its first ledger
                assert_whole(tmp_path)
                assert_nothing_acknowledged_is_lost(recorded(tmp_path), said)
        killer.start_and_stop()

    facts = recorded(tmp_path)
    assert_one_presentation_is_one_scan(facts, killer.said)
    assert_counts_are_those_of_the_ledger(facts, killer.said)
    assert_every_passage_is_settled_once(facts, killer.said)
    assert {fact.epoch for fact in facts.values()} == {facts[Seq(1)].epoch}
    assert len([line for line in killer.said if "scan" in line]) > faults_rounds
    assert len(killer.hit) > 3, killer.hit
