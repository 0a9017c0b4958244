"""kill -9 of the whole gate, camera to arm: what was said over the socket is in the ledger, once.

The lane alone is killed far more often, and at finer moments, in test_lane_kill.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from scanner.core.events import Fact, FactKind
from support.fault_table import Played
from support.gates import ENTRIES, GateRig, card, open_site
from support.watcher import Watcher

SEED = 9
CARDS = 8
SETTLING = (FactKind.PASSED, FactKind.NOT_PASSED, FactKind.PASSAGE_UNKNOWN)


@dataclass
class Day:
    """What visitors did and were told at a gate that is killed under them."""

    gate: GateRig
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    presented: Counter[int] = field(default_factory=Counter)
    told: list[dict[str, Any]] = field(default_factory=list)

    def play_round(self, moment: str) -> None:
        """Somebody comes, and the gate is killed at about that moment."""
        number = self.chance.randint(1, CARDS)
        with self.gate.watch() as watcher:
            self.gate.hold_up(card(number))
            self.presented[number] += 1
            self._wait_for(moment, watcher)
            Event().wait(self.chance.random() * 0.06)
            self.gate.kill()
            self.told += watcher.drain()
        self.gate.hold_up()

    def _wait_for(self, moment: str, watcher: Watcher) -> None:
        events = {"answer": ("scan",), "passage": ("scan", "passed")}.get(moment, ())
        self.told += [watcher.hear((event,)) for event in events]

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What visitors saw."""
        return [notice for notice in self.told if notice["event"] == "scan"]


def by_grant(facts: list[Fact]) -> Counter[int]:
    return Counter(fact.grant_no for fact in facts if fact.grant_no is not None)


@pytest.mark.fault("kill -9 of a whole gate")
@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_gate_that_is_killed_at_any_moment_has_recorded_what_it_said_and_charged_it_once(
    tmp_path: Path, faults_rounds: int, played: Played
) -> None:
    with GateRig(tmp_path, open_site(CARDS)) as gate:
        day = Day(gate)
        gate.hold_up()
        for moment in ("reading", "answer", "passage", "answer") * max(1, faults_rounds // 20):
            gate.start_ready()
            day.play_round(moment)
            assert gate.is_whole()
            played.add()
        gate.start_ready()
        assert gate.stop() == 0
        facts = gate.facts()

    scans = {fact.seq: fact for fact in facts if fact.kind is FactKind.SCAN}
    for answer in day.answers:
        assert scans[answer["seq"]].charged == answer["charged"] == 1
    assert by_grant(list(scans.values())) <= day.presented
    used: Counter[int] = Counter()
    told = {answer["seq"]: answer["remaining"] for answer in day.answers}
    for seq, scan in sorted(scans.items()):
        used[scan.grant_no or 0] += scan.charged
        assert (
            told.get(seq, ENTRIES - used[scan.grant_no or 0]) == ENTRIES - used[scan.grant_no or 0]
        )
    settled = Counter(fact.refers_to for fact in facts if fact.kind in SETTLING)
    assert settled == Counter(scans.keys())
    passed = [notice["refers_to"] for notice in day.told if notice["event"] == "passed"]
    assert set(passed) <= {fact.refers_to for fact in facts if fact.kind is FactKind.PASSED}
    assert len({fact.epoch for fact in facts}) == 1
