"""The boot after the power went: what was acknowledged is there, and the gate goes on by itself."""

from __future__ import annotations

import json
from pathlib import Path

from board import RELAY
from installed_gate import InstalledGate, as_service, recorded
from scanner.core.events import FactKind

ACKNOWLEDGED = Path("/opt/lab/run/acknowledged.json")


def test_every_scan_that_was_acknowledged_is_recorded_once(gate: InstalledGate) -> None:
    acknowledged = json.loads(ACKNOWLEDGED.read_text(encoding="utf-8"))
    scans = [fact.seq for fact in recorded() if fact.kind is FactKind.SCAN]

    assert len(acknowledged) > 0
    assert set(acknowledged) <= set(scans)
    assert len(scans) == len(set(scans))
    assert gate.wires.measure(RELAY) is False


def test_the_chain_is_whole(gate: InstalledGate) -> None:
    assert gate.answers()

    assert "the chain is whole" in as_service("portillon", "ledger", "verify")


def test_nothing_was_set_aside_and_the_epoch_goes_on(gate: InstalledGate) -> None:
    facts = recorded()

    assert len({fact.epoch for fact in facts}) == 1
    assert [fact.seq for fact in facts] == list(range(1, len(facts) + 1))
    assert not [doubt for doubt in gate.status()["doubts"] if doubt.startswith("ledger")]
