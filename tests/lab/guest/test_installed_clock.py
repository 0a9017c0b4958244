"""A machine whose clock lost everything: it booted in 1970, and nobody has told it the time."""

from __future__ import annotations

from installed_gate import InstalledGate, recorded
from scanner.core.events import FactKind


def test_time_is_not_trusted_and_never_before_what_is_known(gate: InstalledGate) -> None:
    clock = gate.status()["clock"]
    before = max(fact.at for fact in recorded() if fact.kind is FactKind.SCAN)

    assert clock["state"] == "untrusted"
    assert clock["now"] >= before


def test_a_scan_is_decided_recorded_and_marked_with_the_doubt(gate: InstalledGate) -> None:
    with gate.watch() as watcher:
        answer = gate.scan(watcher, "1")

    fact = next(fact for fact in recorded() if fact.seq == answer["seq"])
    assert fact.clock_state.value == "untrusted"
    assert answer["reason"] != "INTERNAL"
